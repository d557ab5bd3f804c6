"""template.yaml as SAM transforms it, with values for its parameters.

CloudFormation's functions and conditions are resolved as far as the template
uses them; the ref of a resource is its logical id, an attribute is
id.Attribute. What is not known here raises an error, so that nothing passes
unseen.
"""

import copy
import functools
import json
import re
from pathlib import Path

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
STACK = "pingone-authomize"
ACCOUNT = "111122223333"
REGION = "eu-west-1"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:pingone-authomize-AbCdEf"
SECRET_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-the-secret"
OWN_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/mrk-0123"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:operations"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"

FETCH = {
    "EnvironmentsFunction": "environments",
    "PopulationsFunction": "populations",
    "UsersFunction": "users",
    "GroupsFunction": "groups",
    "MembershipsFunction": "memberships",
    "RolesFunction": "roles",
    "RoleAssignmentsFunction": "roleassignments",
    "ApplicationsFunction": "applications",
    "GatewaysFunction": "gateways",
    "DevicesFunction": "devices",
    "ApplicationRolesFunction": "applicationroles",
}
FUNCTIONS = {**FETCH, "TransformFunction": "transform"}
# What a function must have before it plans: complete.json of each starts it.
INPUTS = {
    "PopulationsFunction": ["environments"],
    "GroupsFunction": ["environments"],
    "RolesFunction": ["environments"],
    "ApplicationsFunction": ["environments"],
    "GatewaysFunction": ["environments"],
    "UsersFunction": ["environments", "populations"],
    "MembershipsFunction": ["environments", "users", "groups"],
    "RoleAssignmentsFunction": ["environments", "users", "groups", "applications", "gateways"],
    "DevicesFunction": ["environments", "users"],
    "ApplicationRolesFunction": ["environments", "users", "roles"],
}
LOG_GROUPS = {name.removesuffix("Function") + "LogGroup": folder for name, folder in FUNCTIONS.items()}

# Sets of parameters. DEFAULTS is what a person gets who answers the one
# question that must be answered.
DEFAULTS = {"AuthomizeAppId": "app-1"}
FULL = {
    "AuthomizeAppId": "app-1",
    "SecretArn": SECRET,
    "SecretKmsKeyArn": SECRET_KEY,
    "AuthomizeApiUrl": "https://authomize.example",
    "PingOneApiUrl": "https://api.pingone.eu",
    "PingOneEnvironments": "all",
    "PingOneRequestsPerSecond": "5",
    "ScheduleExpression": "rate(1 hour)",
    "ScheduleTimezone": "Europe/Berlin",
    "ScheduleState": "DISABLED",
    "MaxReadingAge": "72h",
    "MfaDevices": "true",
    "ApplicationRoles": "true",
    "Sweep": "report",
    "MaxShrinkPercent": "30",
    "DryRun": "true",
    "ServiceAccounts": "users",
    "RolePermissions": "true",
    "EscalationConfidence": "documented",
    "ReportNames": "false",
    "AdminEnvironment": "aaaaaaaa-1111-4111-8111-111111111111",
    "AlarmTopicArn": TOPIC,
    "NoGoodRunHours": "3",
    "QuarantineLimit": "7",
    "RawRetentionDays": "5",
    "LogRetentionDays": "14",
    "LogLevel": "DEBUG",
    "KmsKey": OWN_KEY,
    "VpcSubnetIds": "subnet-1,subnet-2",
    "VpcSecurityGroupIds": "sg-1",
    "PermissionsBoundaryArn": BOUNDARY,
}
PLAIN = {"AuthomizeAppId": "app-1", "KmsKey": "aws", "Tracing": "PassThrough", "AlarmEmail": "ops@example.org"}

SOURCE = yaml_parse((ROOT / "template.yaml").read_text())
ABSENT = object()  # what AWS::NoValue leaves behind


@functools.cache
def translated():
    """Returns the CloudFormation template that SAM makes of template.yaml. No
    parameter decides anything before CloudFormation, so one is enough."""
    template = copy.deepcopy(SOURCE)
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"  # SAM's does not take a folder
    return Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION)).translate(
        template, parameter_values={}
    )


def transform(parameters=None, name=STACK):
    """Returns the stack of these parameters, the others at their defaults."""
    values = {k: str(p["Default"]) for k, p in SOURCE["Parameters"].items() if "Default" in p}
    return Stack(copy.deepcopy(translated()), values | (parameters or DEFAULTS), name)


class Stack:
    """A transformed template with values for its parameters."""

    def __init__(self, template, parameters, name):
        self.conditions = template.get("Conditions", {})
        self.refs = dict(parameters) | {
            "AWS::StackName": name,
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": REGION,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": ABSENT,
        }
        self.resources = {k: v for k, v in template["Resources"].items() if self.exists(v)}
        self.outputs = {k: self.value(v["Value"]) for k, v in template["Outputs"].items() if self.exists(v)}

    def exists(self, node):
        return "Condition" not in node or self.condition({"Condition": node["Condition"]})

    def of_type(self, kind):
        """The resolved properties of every resource of a type, by logical id."""
        return {k: self.value(v.get("Properties", {})) for k, v in self.resources.items() if v["Type"] == kind}

    def properties(self, name):
        return self.value(self.resources[name].get("Properties", {}))

    def value(self, node):
        if isinstance(node, list):
            return [v for v in map(self.value, node) if v is not ABSENT]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, arg), = node.items()
            if name == "Ref":
                return self.refs.get(arg, arg)
            if name == "Fn::GetAtt":
                return ".".join(arg) if isinstance(arg, list) else arg
            if name == "Fn::Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda m: str(self.refs.get(m[1], m[1])), arg)
            if name == "Fn::Split":
                return self.value(arg[1]).split(arg[0])
            if name == "Fn::If":
                return self.value(arg[1] if self.condition({"Condition": arg[0]}) else arg[2])
            if name.startswith("Fn::"):
                raise ValueError(f"{name} is not known to this test: teach it")
        resolved = {k: self.value(v) for k, v in node.items()}
        return {k: v for k, v in resolved.items() if v is not ABSENT}

    def condition(self, node):
        (name, arg), = node.items()
        if name == "Condition":
            return self.condition(self.conditions[arg])
        if name == "Fn::Not":
            return not self.condition(arg[0])
        if name == "Fn::And":
            return all(map(self.condition, arg))
        if name == "Fn::Or":
            return any(map(self.condition, arg))
        if name == "Fn::Equals":
            return self.value(arg[0]) == self.value(arg[1])
        raise ValueError(f"{name} is not known to this test: teach it")

    def refused(self):
        """Names the rules that refuse these parameters."""
        found = set()
        for name, rule in SOURCE["Rules"].items():
            if "RuleCondition" in rule and not self.condition(rule["RuleCondition"]):
                continue
            if not all(self.condition(a["Assert"]) for a in rule["Assertions"]):
                found.add(name)
        return found

    def variables(self, function):
        return self.properties(function)["Environment"]["Variables"]

    def rules_of(self, function):
        """Event pattern and target of every rule that starts a function."""
        found = []
        for rule in self.of_type("AWS::Events::Rule").values():
            found += [(rule["EventPattern"], t) for t in rule["Targets"] if t["Arn"] == f"{function}.Arn"]
        return found

    def starts(self, function, event):
        """How many rules start a function by an event."""
        return sum(matches(pattern, event) for pattern, _ in self.rules_of(function))

    def scheduled(self, name):
        """The event that a schedule puts on the bus."""
        target = self.properties(name)["Target"]
        return {
            "source": target["EventBridgeParameters"]["Source"],
            "detail-type": target["EventBridgeParameters"]["DetailType"],
            "detail": json.loads(target["Input"]),
        }

    def statements(self, role):
        """Every statement that a role gives, those of its policies included."""
        properties = self.properties(role)
        documents = [p["PolicyDocument"] for p in properties.get("Policies", [])]
        documents += [self.properties(p)["PolicyDocument"] for p in properties.get("ManagedPolicyArns", [])]
        documents += [p["PolicyDocument"] for p in self.of_type("AWS::IAM::Policy").values() if role in p["Roles"]]
        return [s for d in documents for s in d["Statement"]]

    def documents(self):
        """Every policy document of the stack with the logical id it stands in."""
        for name in self.resources:
            properties = self.properties(name)
            for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
                if key in properties:
                    yield name, properties[key]
            for policy in properties.get("Policies", []):
                yield name, policy["PolicyDocument"]


def matches(pattern, event):
    """EventBridge's matching, as far as the template uses it."""
    if isinstance(pattern, dict):
        return isinstance(event, dict) and all(k in event and matches(v, event[k]) for k, v in pattern.items())
    for p in pattern:
        if isinstance(p, dict):
            if set(p) != {"suffix"}:
                raise ValueError(f"{p} is not known to this test: teach it")
            if isinstance(event, str) and event.endswith(p["suffix"]):
                return True
        elif p == event:
            return True
    return False


def as_list(value):
    return value if isinstance(value, list) else [value]


def sample(name):
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def go_source(*folders):
    """The Go code of these folders, without its tests."""
    files = [p for f in folders for p in sorted((ROOT / f).rglob("*.go")) if not p.name.endswith("_test.go")]
    return "\n".join(p.read_text() for p in files)
