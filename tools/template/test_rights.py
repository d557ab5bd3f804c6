"""Who may do what: every statement of every policy, against a table."""

import fnmatch
import re
import unittest

import botocore.session

from stack import (
    ACCOUNT, BOUNDARY, BUS, DEFAULTS, FULL, FUNCTIONS, OWN_KEY, PLAIN, REGION, SECRET, SECRET_KEY, STACK,
    as_list, go_source, transform,
)

BUCKET = "StagingBucket.Arn"
VPC_ACTIONS = [
    "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
]

# Where a wildcard stands for a resource or an action, and why it may.
WILDCARDS = {
    ("CommonPolicy", "Allow", "xray:PutTraceSegments"): "IAM knows no resource for it",
    ("CommonPolicy", "Allow", "xray:PutTelemetryRecords"): "IAM knows no resource for it",
    **{("CommonPolicy", e, a): why for a in VPC_ACTIONS for e, why in {
        "Allow": "Lambda's own work in a VPC; Describe knows no resource, Delete is asked for on all",
        "Deny": "takes the line above away from the functions' code",
    }.items()},
    ("Key", "Allow", "kms:*"): "in a key's policy the resource is the key; without it nobody could manage it",
    ("Key", "Allow", "kms:Decrypt"): "in a key's policy the resource is the key",
    ("Key", "Allow", "kms:DescribeKey"): "in a key's policy the resource is the key",
    ("Key", "Allow", "kms:Encrypt"): "in a key's policy the resource is the key",
    ("Key", "Allow", "kms:GenerateDataKey*"): "in a key's policy the resource is the key; with and without plain text",
    ("Key", "Allow", "kms:ReEncrypt*"): "in a key's policy the resource is the key; from and to",
    ("StagingBucketPolicy", "Deny", "s3:*"): "a Deny",
    ("FailureQueuePolicy", "Deny", "sqs:*"): "a Deny",
}

# Actions whose name differs from the API's operation.
NOT_OPERATIONS = {"s3:ListBucket", "lambda:InvokeFunction"}


def flat(statements):
    """A tuple for each action and resource, so that statements can be compared
    however they are grouped."""
    found = []
    for s in statements:
        condition = tuple(sorted(
            (operator, key, tuple(as_list(value)))
            for operator, keys in s.get("Condition", {}).items() for key, value in keys.items()
        ))
        found += [(s["Effect"], a, r, condition) for a in as_list(s["Action"]) for r in as_list(s["Resource"])]
    return sorted(found)


def statement(actions, resources, condition=None, effect="Allow"):
    return {"Effect": effect, "Action": actions, "Resource": resources, "Condition": condition or {}}


def via(*services):
    return {"StringLike": {"kms:ViaService": [f"{s}.{REGION}.*" for s in services]}}


def event(detail_type):
    return {"StringEquals": {"events:source": STACK, "events:detail-type": detail_type}}


def rights(function, secret, key=None, secret_key=None, traced=False, vpc=False):
    """All that a function may do."""
    name, folder = function.removesuffix("Function"), FUNCTIONS[function]
    want = [
        statement("secretsmanager:GetSecretValue", secret),
        statement("s3:ListBucket", BUCKET, {"StringLikeIfExists": {"s3:prefix": "runs/*"}}),
        statement("s3:GetObject", f"{BUCKET}/runs/*"),
        statement("sqs:SendMessage", "FailureQueue.Arn"),
        statement(["logs:CreateLogStream", "logs:PutLogEvents"], f"{name}LogGroup.Arn"),
        statement("lambda:InvokeFunction", f"{function}.Arn"),
        statement("events:PutEvents", BUS, event("Invocation Failed")),
    ]
    if key:
        want.append(statement(["kms:Decrypt", "kms:GenerateDataKey"], key, via("s3", "sqs", "secretsmanager")))
    if secret_key:
        want.append(statement("kms:Decrypt", secret_key, via("secretsmanager")))
    if traced:
        want.append(statement(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"))
    if vpc:
        code = {"ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:*:{ACCOUNT}:function:*"}}
        want += [statement(VPC_ACTIONS, "*"), statement(VPC_ACTIONS, "*", code, "Deny")]

    writes = {
        "TransformFunction": [f"*/{k}" for k in ("lease.json", "transform.json", "approval.json", "report.json", "report.html", "findings.json")],
        "EnvironmentsFunction": ["*/environments/*", "open.json", "*/run.json"],
    }.get(function, [f"*/{folder}/*"])
    want.append(statement("s3:PutObject", [f"{BUCKET}/runs/{k}" for k in writes]))
    if function == "TransformFunction":
        want.append(statement("s3:GetObject", f"{BUCKET}/accepted.json"))
        want.append(statement("events:PutEvents", BUS, event("Run Finished")))
    return flat(want)


class RightsTest(unittest.TestCase):
    maxDiff = None

    def test_functions(self):
        cases = {
            "defaults": (DEFAULTS, dict(secret="Secret", key="Key.Arn", traced=True)),
            "everything": (FULL, dict(secret=SECRET, key=OWN_KEY, secret_key=SECRET_KEY, traced=True, vpc=True)),
            "plain": (PLAIN, dict(secret="Secret")),
        }
        for case, (parameters, want) in cases.items():
            stack = transform(parameters)
            for name in FUNCTIONS:
                with self.subTest(case, function=name):
                    role = name.removesuffix("Function") + "Role"
                    self.assertEqual(stack.properties(name)["Role"], f"{role}.Arn")
                    self.assertEqual(flat(stack.statements(role)), rights(name, **want))
                    trust, = stack.properties(role)["AssumeRolePolicyDocument"]["Statement"]
                    self.assertEqual(trust["Principal"], {"Service": "lambda.amazonaws.com"})

    def test_schedule(self):
        for parameters, key in ((DEFAULTS, "Key.Arn"), (FULL, OWN_KEY), (PLAIN, None)):
            stack = transform(parameters)
            want = [
                statement("events:PutEvents", BUS, event("Sync Requested")),
                statement("sqs:SendMessage", "FailureQueue.Arn"),
            ]
            if key:
                want.append(statement(["kms:Decrypt", "kms:GenerateDataKey"], key, via("sqs")))
            self.assertEqual(flat(stack.statements("ScheduleRole")), flat(want))
            trust, = stack.properties("ScheduleRole")["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(trust["Principal"], {"Service": "scheduler.amazonaws.com"})
            self.assertEqual(
                trust["Condition"], {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": "ScheduleGroup.Arn"}}
            )

    def test_nobody_else(self):
        prefixes = {name.removesuffix("Function") for name in FUNCTIONS}
        for parameters in (DEFAULTS, FULL, PLAIN):
            stack = transform(parameters)
            self.assertEqual(set(stack.of_type("AWS::IAM::Role")), {p + "Role" for p in prefixes} | {"ScheduleRole"})
            self.assertEqual(set(stack.of_type("AWS::IAM::ManagedPolicy")), {"CommonPolicy"})
            policies = stack.of_type("AWS::IAM::Policy")
            self.assertEqual({k: p["Roles"] for k, p in policies.items()}, {p + "GoesOn": [p + "Role"] for p in prefixes})
            boundary = parameters.get("PermissionsBoundaryArn")
            for name, role in stack.of_type("AWS::IAM::Role").items():
                self.assertEqual(role.get("PermissionsBoundary"), boundary, name)
                self.assertEqual(role.get("ManagedPolicyArns", ["CommonPolicy"]), ["CommonPolicy"], name)
        self.assertEqual(FULL["PermissionsBoundaryArn"], BOUNDARY)

    def test_wildcards(self):
        """Every * for a resource or in an action is in the table, and the other way round."""
        found = set()
        for parameters in (DEFAULTS, FULL, PLAIN):
            for name, document in transform(parameters).documents():
                for s in document["Statement"]:
                    self.assertFalse({"NotAction", "NotResource", "NotPrincipal"} & set(s), name)
                    for action in as_list(s["Action"]):
                        if "*" in action or "*" in as_list(s.get("Resource", [])):
                            found.add((name, s["Effect"], action))
                    if s.get("Principal") == "*":
                        self.assertEqual(s["Effect"], "Deny", f"{name} lets everyone")
        self.assertEqual(found, set(WILDCARDS))

    def test_actions_exist(self):
        """A typo in an action is no error to CloudFormation, it only gives no right."""
        session = botocore.session.get_session()
        actions = {
            a for _, d in transform(FULL).documents() for s in d["Statement"] for a in as_list(s["Action"])
        } | {a for _, d in transform().documents() for s in d["Statement"] for a in as_list(s["Action"])}
        for action in sorted(actions - NOT_OPERATIONS):
            service, name = action.split(":")
            with self.subTest(action):
                operations = session.get_service_model(service).operation_names
                self.assertTrue(fnmatch.filter(operations, name))

    def test_key(self):
        key = transform().properties("Key")
        for_us = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
        self.assertTrue(key["EnableKeyRotation"])
        self.assertEqual(transform().resources["Key"]["DeletionPolicy"], "RetainExceptOnCreate")
        self.assertEqual(
            [(s["Principal"], s["Action"], s.get("Condition")) for s in key["KeyPolicy"]["Statement"]],
            [
                ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "kms:*", None),
                (
                    {"Service": f"logs.{REGION}.amazonaws.com"},
                    ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                    for_us | {"ArnLike": {"kms:EncryptionContext:aws:logs:arn":
                                          f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/pingone-authomize/{STACK}/*"}},
                ),
                ({"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]}, ["kms:Decrypt", "kms:GenerateDataKey*"], for_us),
            ],
        )
        for parameters in (FULL, PLAIN):
            self.assertNotIn("Key", transform(parameters).resources)

    def test_queue_and_topic(self):
        stack = transform()
        tls = ("Deny", "*", {"Bool": {"aws:SecureTransport": "false"}})
        rules = [f"{r}.Arn" for r in stack.of_type("AWS::Events::Rule")]
        statements = stack.properties("FailureQueuePolicy")["PolicyDocument"]["Statement"]
        self.assertEqual(sorted(statements[0]["Condition"]["ArnEquals"].pop("aws:SourceArn")), sorted(rules))
        self.assertEqual([(s["Effect"], s["Principal"], s["Condition"]) for s in statements],
                         [("Allow", {"Service": "events.amazonaws.com"}, {"ArnEquals": {}}), tls])
        statements = stack.properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
        self.assertEqual([(s["Effect"], s["Principal"], s["Condition"]) for s in statements], [
            ("Allow", {"Service": "cloudwatch.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}), tls])

    def test_objects_that_the_code_uses(self):
        """Every object of a run that the Go code names is one that somebody may
        write, so that a new one is not found out in AWS."""
        source = go_source("shared", "functions")
        keys = {"runs/r/" + k for k in re.findall(r'RunPrefix\(run\) \+ "([^"]+)"', source)}
        keys |= {"runs/r/users/" + k for k in re.findall(r'folder\(run, c\) \+ "([^"]+)"', source)}
        keys |= {"runs/" + k for k in re.findall(r'runsPrefix \+ "([^"]+)"', source)}
        self.assertLessEqual({"runs/open.json", "runs/r/run.json", "runs/r/report.json", "runs/r/users/manifest.json"}, keys,
                             "the patterns no longer find the names")
        allowed = [r for f in FUNCTIONS for e, a, r, _ in rights(f, "s") if a == "s3:PutObject"]
        for key in sorted(keys):
            with self.subTest(key):
                self.assertTrue(any(fnmatch.fnmatchcase(f"{BUCKET}/{key}", p) for p in allowed))


if __name__ == "__main__":
    unittest.main()
