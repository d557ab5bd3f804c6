"""Passes posted records through the models of Authomize's own client.

Reads lines {"path": …, "body": …}, one a post, and writes what the models
refuse, one finding a line. Nothing of a record is written but its field names.
"""

import json
import re
import sys

from authomize.rest_api_client.generated.connectors_rest_api import schemas
from pydantic import ValidationError

LISTS = {
    "/accounts/users": schemas.NewUsersListRequestSchema,
    "/access/grouping": schemas.NewGroupingsListRequestSchema,
    "/access/permissions": schemas.NewPermissionsListRequestSchema,
    "/privileges": schemas.NewPrivilegesListRequestSchema,
    "/privileges/grants": schemas.NewPrivilegesGrantsListRequestSchema,
    "/association/accounts": schemas.NewAccountsAssociationsListRequestSchema,
    "/association/groupings": schemas.NewGroupingsAssociationsListRequestSchema,
    "/assets": schemas.NewAssetsListRequestSchema,
    "/assets/inheritance": schemas.NewAssetsInheritanceListRequestSchema,
}


def field(model, item):
    """The name of the first field of an item that the model lacks, or None.

    The models drop such fields without a word.
    """
    known = {f.alias for f in model.__fields__.values()}
    return next((name for name in item if name not in known), None)


def judge(path, body):
    """Yields what the models find in one post."""
    below = re.sub(r"^/v2/apps/[^/]+", "", path)
    if below not in LISTS:
        yield f"{below}: no model"
        return
    model = LISTS[below]
    try:
        model.parse_raw(body)
    except ValidationError as error:
        for found in error.errors():
            where = ".".join("*" if isinstance(part, int) else part for part in found["loc"])
            yield f"{below}: {where}: {found['type']}"
    item_model = model.__fields__["data"].type_
    for item in json.loads(body)["data"]:
        if name := field(item_model, item):
            yield f"{below}: {name}: no such field"


def main():
    records = 0
    for line in sys.stdin:
        post = json.loads(line)
        records += len(json.loads(post["body"]).get("data", []))
        for finding in judge(post["path"], post["body"]):
            print(finding)
    print(records, file=sys.stderr)


main()
