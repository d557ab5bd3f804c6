"""Whether the role of docs/deploy-role.yaml can deploy the stack, and no more.

What CloudFormation does for a resource is in its registry: each type names the
IAM actions that creating, reading, changing and removing one takes. cfn-lint
brings the registry along. No role was tried in AWS, so this is the proof.
"""

import fnmatch
import json
import unittest

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from samcli.yamlhelper import yaml_parse

from stack import ACCOUNT, DEFAULTS, FULL, PLAIN, REGION, ROOT, SECRET, STACK, Stack, as_list, transform

DEPLOY = yaml_parse((ROOT / "docs/deploy-role.yaml").read_text())
PARAMETERS = {"StackName": STACK, "Repository": "owner/repository", "Branch": "main", "OidcProviderArn": "", "SecretArn": ""}
POLICIES = ("StackPolicy", "RolesPolicy", "ResourcesPolicy")
RANDOM = "1A2B3C4D5E6F"

# Actions of the registry that this template never comes to, and why.
UNUSED = {
    "elasticfilesystem:* s3files:*": "no file system",
    "iam:*GroupPolicy iam:*UserPolicy": "the policies are attached to roles",
    "iam:DeleteRolePermissionsBoundary": "would take the boundary away",
    "kms:CreateGrant kms:Encrypt": "no function has a key of its own for its variables",
    "kms:DisableKey kms:DisableKeyRotation kms:EnableKey": "the key is enabled, and rotates",
    "lambda:AssociateRuntimeAlias lambda:PutRuntimeManagementConfig lambda:PublishVersion": "no fixed runtime, no versions",
    "lambda:*FunctionConcurrency lambda:*FunctionScalingConfig lambda:PassCapacityProvider": "no capacity is set",
    "lambda:*CodeSigningConfig": "no signatures",
    "logs:CreateLogDelivery logs:*ResourcePolicy firehose:* s3:REST.PUT.OBJECT": "log groups deliver nowhere",
    "logs:*IndexPolicy logs:PutDataProtectionPolicy logs:DeleteDataProtectionPolicy": "no indexes, no masking",
    "logs:PutBearerTokenAuthentication logs:PutLogGroupDeletionProtection logs:DeleteRetentionPolicy": "not set, or never unset",
    "s3:*MetadataTableConfiguration s3:UpdateBucketMetadata* s3tables:*": "no metadata tables",
    "s3:PutAccelerateConfiguration s3:*AnalyticsConfiguration s3:PutBucketAbac s3:*BucketC[Oo][Rr][Ss]": "not set",
    "s3:PutBucketLogging s3:*ObjectLockConfiguration s3:*Replication* s3:PutBucketVersioning": "not set",
    "s3:*BucketWebsite s3:PutIntelligentTieringConfiguration s3:PutInventoryConfiguration s3:*MetricsConfiguration": "not set",
    "s3:DeleteBucketEncryption s3:DeleteBucketLifecycle": "both stay set",
    "s3:*Acl": "no ACLs",
    "s3:DeleteObject": "what is in the bucket is not CI's",
    "secretsmanager:GetRandomPassword secretsmanager:*ReplicateSecretToRegions secretsmanager:RemoveRegionsFromReplication":
        "no random secret, no other region",
    "secretsmanager:GetSecretValue": "CI shall not read the secret",
    "sns:PutDataProtectionPolicy": "not set",
}

# Actions that no resource asks for, and who does.
BESIDE = {
    "cloudformation:*": "sam deploy",
    "s3:PutObject": "sam deploy uploads the archives",
    "kms:GenerateDataKey": "CreateSecret with a key",
    "iam:ListRoleTags": "tags of a role", "lambda:ListTags": "tags of a function",
    "lambda:Get*": "all reads", "s3:GetBucket*": "all reads but objects", "s3:Get*Configuration": "all reads but objects",
}


def deploy(**parameters):
    return Stack(DEPLOY, PARAMETERS | parameters, "deploy-" + STACK)


def statements(stack=None):
    stack = stack or deploy()
    return [s for p in POLICIES for s in stack.properties(p)["PolicyDocument"]["Statement"]]


def any_match(patterns, value):
    return any(fnmatch.fnmatchcase(value, p) for p in patterns)


def types():
    return {r["Type"] for p in (DEFAULTS, FULL, PLAIN) for r in transform(p).resources.values()}


def registry(kind):
    """The actions that CloudFormation takes for a resource of this type."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    handlers = schema["handlers"]
    return {a for h in ("create", "read", "update", "delete") for a in handlers.get(h, {}).get("permissions", [])}


def arns(kind, name):
    """What CloudFormation names a resource of this type, with its logical id."""
    here, made = f"{REGION}:{ACCOUNT}", f"{STACK}-{name}-{RANDOM}"
    group = f"{STACK}-ScheduleGroup-{RANDOM}"
    return {
        "AWS::CloudWatch::Alarm": [f"arn:aws:cloudwatch:{here}:alarm:{made}"],
        "AWS::CloudWatch::Dashboard": [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{n}" for n in (made, f"{name}-{RANDOM}")],
        "AWS::Events::Rule": [f"arn:aws:events:{here}:rule/{made}"],
        "AWS::IAM::ManagedPolicy": [f"arn:aws:iam::{ACCOUNT}:policy/{made}"],
        "AWS::IAM::Role": [f"arn:aws:iam::{ACCOUNT}:role/{made}"],
        "AWS::KMS::Key": [f"arn:aws:kms:{here}:key/0123"],
        "AWS::Lambda::Function": [f"arn:aws:lambda:{here}:function:{made}"],
        "AWS::S3::Bucket": [f"arn:aws:s3:::{made.lower()}"],
        "AWS::SNS::Topic": [f"arn:aws:sns:{here}:{made}"],
        "AWS::SQS::Queue": [f"arn:aws:sqs:{here}:{made}"],
        "AWS::Scheduler::Schedule": [f"arn:aws:scheduler:{here}:schedule/{group}/{made}"],
        "AWS::Scheduler::ScheduleGroup": [f"arn:aws:scheduler:{here}:schedule-group/{group}"],
        "AWS::SecretsManager::Secret": [f"arn:aws:secretsmanager:{here}:secret:{name}-{RANDOM}-AbCdEf"],
    }.get(kind, [])


class DeployRoleTest(unittest.TestCase):
    maxDiff = None

    def test_every_type_is_covered(self):
        """Each action that a resource takes is allowed, or known not to come up."""
        allowed = {a for s in statements() for a in as_list(s["Action"])}
        unused = {p for line in UNUSED for p in line.split()}
        needless = set(unused)
        for kind in sorted(types()):
            for action in sorted(registry(kind)):
                with self.subTest(kind, action=action):
                    if not any_match(allowed, action):
                        skipped = {p for p in unused if fnmatch.fnmatchcase(action, p)}
                        needless -= skipped
                        self.assertTrue(skipped, "no statement allows it")
        self.assertEqual(needless, set(), "these come up for no resource: take them out of UNUSED")

    def test_nothing_more(self):
        """No action is allowed that no resource takes."""
        taken = {a for kind in types() for a in registry(kind)}
        for action in sorted({a for s in statements() for a in as_list(s["Action"])}):
            with self.subTest(action):
                self.assertTrue(action in taken or any_match(BESIDE, action), "no resource takes it")

    def test_names(self):
        """The names that CloudFormation makes are names that the rights reach."""
        resources = {a: set() for s in statements() for a in as_list(s["Action"])}
        for s in statements():
            for action in as_list(s["Action"]):
                resources[action] |= set(as_list(s["Resource"]))
        for parameters in (DEFAULTS, FULL, PLAIN):
            stack = transform(parameters)
            for name, resource in stack.resources.items():
                for arn in arns(resource["Type"], name):
                    prefix = arn.split(":")[2]
                    with self.subTest(arn):
                        reach = [a for a, patterns in resources.items() if a.startswith(prefix + ":") and any_match(patterns, arn)]
                        self.assertTrue([a for a in reach if "Create" in a or "Put" in a], "it can't be made")
            for group in stack.of_type("AWS::Logs::LogGroup").values():
                arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group['LogGroupName']}:log-stream:"
                self.assertTrue(any_match(resources["logs:CreateLogGroup"], arn))

    def test_every_named_right_has_the_stacks_name(self):
        """A resource that is not the stack's is reached by reads, or through CloudFormation, or not."""
        free = {}
        for s in statements():
            for resource in as_list(s["Resource"]):
                if STACK not in resource.removeprefix("arn:aws:logs"):
                    free.setdefault(s["Sid"], set()).update(s.get("Condition") or as_list(s["Action"]))
        self.assertEqual(free, {
            "SamBucket": {"cloudformation:DescribeStacks"},
            "ChangeSet": {"Null"},  # SAM's own transform
            "NoStackYet": {"cloudformation:GetTemplateSummary"},
            "NewKey": {"StringEquals"}, "ReadKey": {"StringEquals"}, "Key": {"StringEquals"},
            "EncryptSecret": {"StringLike"}, "Secret": {"StringEquals"}, "Subscription": {"StringEquals"},
            "Alarms": {
                "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
                "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
            },
            "Lists": {
                "cloudwatch:DescribeAlarms", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
                "ec2:DescribeVpcs", "logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
            },
        })

    def test_roles_are_bounded(self):
        """Whatever gives a role rights asks for the boundary, and a role is handed to the two services only."""
        roles = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-*"
        bounded = {"StringEquals": {"iam:PermissionsBoundary": "Boundary"}}
        attach = bounded | {"ArnLike": {"iam:PolicyARN": f"arn:aws:iam::{ACCOUNT}:policy/{STACK}-*"}}
        passed = {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}}
        want = {
            "iam:CreateRole": bounded, "iam:PutRolePolicy": bounded, "iam:PutRolePermissionsBoundary": bounded,
            "iam:AttachRolePolicy": attach, "iam:PassRole": passed,
        }
        found = {}
        for s in statements():
            for action in as_list(s["Action"]):
                if action in want:
                    self.assertNotIn(action, found)
                    self.assertEqual(s["Resource"], roles)
                    found[action] = s["Condition"]
                self.assertFalse(fnmatch.fnmatchcase("iam:DeleteRolePermissionsBoundary", action), action)
        self.assertEqual(found, want)

    def test_not_over_itself(self):
        """No right reaches the deploying role, its policies or the boundary."""
        stack = deploy()
        own = [f"arn:aws:iam::{ACCOUNT}:{k}/deployment/{STACK}-{n}" for k in ("role", "policy") for n in stack.resources]
        for name in (*POLICIES, "Boundary", "Role"):
            self.assertEqual(stack.properties(name)["Path"], "/deployment/")
        for s in statements():
            for resource in as_list(s["Resource"]):
                if resource != "*":
                    self.assertFalse([a for a in own if fnmatch.fnmatchcase(a, resource)], s["Sid"])
                else:
                    self.assertFalse([a for a in as_list(s["Action"]) if a.startswith("iam:")], s["Sid"])

    def test_boundary(self):
        """The roles of the stack lose no right to the boundary."""
        for parameters, own in ((DEFAULTS, {}), (FULL, {"SecretArn": SECRET}), (PLAIN, {})):
            stack = transform(parameters)
            names = {}
            for name, resource in stack.resources.items():
                for arn in arns(resource["Type"], name):
                    names[name] = names[name + ".Arn"] = arn
            for name, group in stack.of_type("AWS::Logs::LogGroup").items():
                names[name + ".Arn"] = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group['LogGroupName']}:*"
            bound = deploy(**own).properties("Boundary")["PolicyDocument"]["Statement"]
            for role in stack.of_type("AWS::IAM::Role"):
                for s in stack.statements(role):
                    for action, resource in ((a, r) for a in as_list(s["Action"]) for r in as_list(s["Resource"])):
                        if s["Effect"] == "Deny":
                            continue
                        head, slash, tail = resource.partition("/")
                        arn = names.get(resource) or names.get(head, head) + slash + tail
                        with self.subTest(role, action=action, arn=arn):
                            self.assertTrue(any(
                                action in as_list(b["Action"]) and any_match(as_list(b["Resource"]), arn) for b in bound
                            ))

    def test_trust(self):
        for parameters, provider in (({}, "Provider"), ({"OidcProviderArn": "arn:of:it"}, "arn:of:it")):
            stack = deploy(**parameters)
            trust, = stack.properties("Role")["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual(trust["Principal"], {"Federated": provider})
            self.assertEqual(trust["Action"], "sts:AssumeRoleWithWebIdentity")
            self.assertEqual(trust["Condition"], {"StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": "repo:owner/repository:ref:refs/heads/main",
            }})
            self.assertEqual("Provider" in stack.resources, not parameters)

    def test_size(self):
        """IAM takes 6,144 characters a managed policy."""
        for name in (*POLICIES, "Boundary"):
            for stack_name in (STACK, "a" * 24):
                document = deploy(StackName=stack_name, SecretArn=SECRET).properties(name)["PolicyDocument"]
                self.assertLess(len(json.dumps(document, separators=(",", ":"))), 6144, name)

    def test_key_tag(self):
        self.assertEqual(transform().properties("Key")["Tags"], [{"Key": "pingone-authomize:stack", "Value": STACK}])


if __name__ == "__main__":
    unittest.main()
