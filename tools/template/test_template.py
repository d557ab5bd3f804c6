"""What template.yaml comes to once SAM has transformed it.

The linters check the form; this checks the promises: which functions there
are, what starts them, which variables they get, what is kept and how. Who may
do what is in test_rights.py, alarms and dashboard are in test_watch.py.
"""

import copy
import json
import re
import shlex
import unittest

from samcli.commands.local.invoke.cli import cli as local_invoke
from samcli.commands.remote.invoke.cli import cli as remote_invoke
from samcli.yamlhelper import yaml_parse

from stack import (
    ACCOUNT, BUS, DEFAULTS, FETCH, FULL, FUNCTIONS, INPUTS, LOG_GROUPS, OWN_KEY, PLAIN, REGION, ROOT, SECRET, SOURCE, STACK,
    go_source, sample, transform,
)

# The table of settings, which a Go test compares with the code, and what the
# template gives besides.
SETTINGS = json.loads((ROOT / "shared/config/testdata/settings.json").read_text())
WATCHED = {"STACK_NAME", "TRACING"}
# Each parameter of a setting, by the names of FULL.
PARAMETERS = {
    "PINGONE_API_URL": "PingOneApiUrl", "PINGONE_ENVIRONMENTS": "PingOneEnvironments", "PINGONE_REQUESTS_PER_SECOND": "PingOneRequestsPerSecond",
    "MAX_READING_AGE": "MaxReadingAge", "MFA_DEVICES": "MfaDevices", "APPLICATION_ROLES": "ApplicationRoles", "AUTHOMIZE_APP_ID": "AuthomizeAppId", "AUTHOMIZE_API_URL": "AuthomizeApiUrl",
    "SWEEP": "Sweep", "MAX_SHRINK_PERCENT": "MaxShrinkPercent", "DRY_RUN": "DryRun", "SERVICE_ACCOUNTS": "ServiceAccounts",
    "ROLE_PERMISSIONS": "RolePermissions",
    "ESCALATION_CONFIDENCE": "EscalationConfidence",
    "ADMIN_ENVIRONMENT": "AdminEnvironment",
    "REPORT_NAMES": "ReportNames",
}

# Properties by which a resource gets a name of its own, in the way of a second stack.
NAMES = {
    "AlarmName", "BucketName", "DashboardName", "FunctionName", "GroupName", "Name", "PolicyName", "ManagedPolicyName",
    "QueueName", "RoleName", "RuleName", "TopicName",
}


class TemplateTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.stack = transform()

    def test_resources(self):
        """Whatever is added must be thought of here."""
        each = {
            "AWS::Lambda::Function": 12, "AWS::Lambda::EventInvokeConfig": 12, "AWS::Lambda::Permission": 23,
            "AWS::Events::Rule": 23, "AWS::IAM::Role": 13, "AWS::IAM::Policy": 12, "AWS::IAM::ManagedPolicy": 1,
            "AWS::Logs::LogGroup": 12, "AWS::Scheduler::ScheduleGroup": 1, "AWS::Scheduler::Schedule": 2,
            "AWS::S3::Bucket": 1, "AWS::S3::BucketPolicy": 1, "AWS::SQS::Queue": 1, "AWS::SQS::QueuePolicy": 1,
            "AWS::CloudWatch::Alarm": 14, "AWS::CloudWatch::Dashboard": 1,
        }
        topic = {"AWS::SNS::Topic": 1, "AWS::SNS::TopicPolicy": 1}
        made = {"AWS::SecretsManager::Secret": 1, "AWS::KMS::Key": 1}
        for name, parameters, want in (
            ("defaults", DEFAULTS, each | topic | made),
            ("everything", FULL, each),
            ("plain", PLAIN, each | topic | {"AWS::SecretsManager::Secret": 1, "AWS::SNS::Subscription": 1}),
        ):
            with self.subTest(name):
                found = {}
                for resource in transform(parameters).resources.values():
                    found[resource["Type"]] = found.get(resource["Type"], 0) + 1
                self.assertEqual(found, want)

    def test_functions(self):
        functions = self.stack.of_type("AWS::Lambda::Function")
        self.assertEqual(set(functions), set(FUNCTIONS))
        for name, properties in functions.items():
            with self.subTest(name):
                self.assertEqual(properties["Runtime"], "provided.al2023")
                self.assertEqual(properties["Handler"], "bootstrap")
                self.assertEqual(properties["Architectures"], ["arm64"])
                self.assertEqual(properties["Timeout"], 900)
                self.assertEqual(properties["RecursiveLoop"], "Allow")
                self.assertEqual(properties["TracingConfig"], {"Mode": "Active"})
                self.assertNotIn("VpcConfig", properties)
                self.assertNotIn("ReservedConcurrentExecutions", properties)
        self.assertEqual(self.stack.of_type("AWS::Lambda::Version"), {})  # which provisioned concurrency would need

    def test_functions_with_everything(self):
        for name, properties in transform(FULL).of_type("AWS::Lambda::Function").items():
            with self.subTest(name):
                self.assertEqual(
                    properties["VpcConfig"], {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
                )
        for name, properties in transform(PLAIN).of_type("AWS::Lambda::Function").items():
            self.assertEqual(properties["TracingConfig"], {"Mode": "PassThrough"}, name)
            self.assertEqual(properties["Environment"]["Variables"]["TRACING"], "PassThrough", name)

    def test_built_by_make_from_the_root(self):
        self.assertEqual(SOURCE["Globals"]["Function"]["CodeUri"], ".")
        for name, folder in FUNCTIONS.items():
            with self.subTest(name):
                self.assertEqual(SOURCE["Resources"][name]["Metadata"], {"BuildMethod": "makefile"})
                self.assertNotIn("CodeUri", SOURCE["Resources"][name]["Properties"])
                self.assertTrue((ROOT / "functions" / folder / "main.go").is_file())

    def test_variables(self):
        """A function gets what it heeds and nothing else, with the parameter's
        value; where that is empty the variable is left out, or says what the
        code's default is."""
        full = transform(FULL)
        fixed = {"SECRET_ID": SECRET, "STAGING_URL": "s3://StagingBucket"}
        for name, folder in FUNCTIONS.items():
            with self.subTest(name):
                heeded = {s["name"]: s for s in SETTINGS if folder in s["functions"]}
                own = WATCHED | ({"NO_GOOD_RUN_HOURS"} if folder == "transform" else set())
                self.assertEqual(set(full.variables(name)), set(heeded) | own)
                for variable in heeded:
                    self.assertEqual(full.variables(name)[variable], fixed.get(variable) or FULL[PARAMETERS[variable]])
                for variable, value in self.stack.variables(name).items():
                    if heeded.get(variable, {}).get("default"):
                        self.assertEqual(value, heeded[variable]["default"])
        self.assertEqual(set(PARAMETERS) | set(fixed), {s["name"] for s in SETTINGS})
        self.assertEqual(full.variables("UsersFunction")["TRACING"], "Active")
        self.assertLessEqual(WATCHED | {"NO_GOOD_RUN_HOURS"}, set(re.findall(r'"([A-Z_]+)"', go_source("shared/observe"))))

    def test_two_schedules(self):
        """By default a run starts at a minute that AWS picks, off the full hour."""
        off = {"Mode": "OFF"}
        for parameters, want, window in (
            (DEFAULTS, ("cron(10 3 * * ? *)", "UTC", "ENABLED"), {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 40}),
            (FULL, ("rate(1 hour)", "Europe/Berlin", "DISABLED"), off),
        ):
            schedules = transform(parameters).of_type("AWS::Scheduler::Schedule")
            detail = {"stack": STACK, "scheduledTime": "<aws.scheduler.scheduled-time>"}
            for name, when, window, detail in (
                ("Schedule", want, window, detail),
                ("HourlySchedule", ("rate(1 hour)", None, want[2]), off, detail | {"open": False}),
            ):
                schedule = schedules.pop(name)
                got = (schedule["ScheduleExpression"], schedule.get("ScheduleExpressionTimezone"), schedule["State"])
                self.assertEqual(got, when)
                self.assertEqual(schedule["FlexibleTimeWindow"], window)
                target = schedule["Target"]
                self.assertEqual((target["Arn"], target["RoleArn"]), (BUS, "ScheduleRole.Arn"))
                self.assertEqual(target["DeadLetterConfig"], {"Arn": "FailureQueue.Arn"})
                self.assertEqual(target["EventBridgeParameters"], {"Source": STACK, "DetailType": "Sync Requested"})
                self.assertEqual(json.loads(target["Input"]), detail)
            self.assertEqual(schedules, {})

    def test_what_starts_each_function(self):
        sync, hourly = self.stack.scheduled("Schedule"), self.stack.scheduled("HourlySchedule")
        others = [{"source": STACK, "detail-type": t, "detail": {"stack": STACK}} for t in ("Run Finished", "Invocation Failed")]
        for event in (sync, hourly):
            others.append(copy.deepcopy(event))
            others[-1]["detail"]["stack"] = "another-stack"
        complete = {c: self.created(f"runs/20261123T090000Z/{c}/complete.json") for c in FETCH.values()}
        for key in ("users/manifest.json", "users/part-000001.jsonl.gz", "report.json", "run.json", "users/notcomplete.json"):
            others.append(self.created("runs/20261123T090000Z/" + key))
        others += [self.created(f"runs/20261123T090000Z/{c}/complete.json", "another-bucket") for c in FETCH.values()]
        for name in FUNCTIONS:
            with self.subTest(name):
                self.assertEqual(self.stack.starts(name, sync), name in FETCH)
                self.assertEqual(self.stack.starts(name, hourly), 1)
                inputs = [c for c, event in complete.items() if self.stack.starts(name, event)]
                self.assertEqual(sorted(inputs), sorted(INPUTS.get(name, [] if name in FETCH else FETCH.values())))
                self.assertFalse(any(self.stack.starts(name, e) for e in others), "a run would start the next")
                for _, target in self.stack.rules_of(name):
                    self.assertEqual(set(target["RetryPolicy"]), {"MaximumEventAgeInSeconds", "MaximumRetryAttempts"})
                    self.assertEqual(target["DeadLetterConfig"], {"Arn": "FailureQueue.Arn"})

    def test_inputs_are_those_of_the_code(self):
        """shared/collection says what a collection is planned from."""
        found = {}
        for name, folder in FETCH.items():
            source = (ROOT / f"shared/collection/{folder}.go").read_text()
            inputs = re.search(r"Inputs: +\[\]staging\.Collection\{([^}]*)\}", source)
            if inputs:
                found[name] = sorted(c.strip().removeprefix("staging.").lower() for c in inputs[1].split(",") if c.strip())
        self.assertEqual(found, {name: sorted(inputs) for name, inputs in INPUTS.items()})

    def created(self, key, bucket="StagingBucket"):
        """S3's event of an object."""
        event = sample("transform")
        event["detail"]["bucket"]["name"], event["detail"]["object"]["key"] = bucket, key
        return event

    def test_failed_invocations_go_to_the_queue(self):
        configs = self.stack.of_type("AWS::Lambda::EventInvokeConfig").values()
        self.assertEqual({c["FunctionName"] for c in configs}, set(FUNCTIONS))
        for c in configs:
            self.assertEqual(c["DestinationConfig"], {"OnFailure": {"Destination": "FailureQueue.Arn"}})
            self.assertEqual((c["MaximumRetryAttempts"], c["Qualifier"]), (2, "$LATEST"))

    def test_rules_may_invoke(self):
        permissions = self.stack.of_type("AWS::Lambda::Permission")
        self.assertEqual({p["FunctionName"] for p in permissions.values()}, set(FUNCTIONS))
        rules = {f"{r}.Arn" for r in self.stack.of_type("AWS::Events::Rule")}
        self.assertEqual({p["SourceArn"] for p in permissions.values()}, rules)

    def test_samples_match_their_rules(self):
        self.assertLessEqual(set(FUNCTIONS.values()) | {"on-demand"}, {p.stem for p in (ROOT / "events").glob("*.json")})
        for name, folder in FUNCTIONS.items():
            with self.subTest(name):
                event = sample(folder)
                if name == "TransformFunction":
                    event["detail"]["bucket"]["name"] = "StagingBucket"
                self.assertEqual(self.stack.starts(name, event), 1)

    def test_bucket(self):
        resource = self.stack.resources["StagingBucket"]
        self.assertEqual((resource["DeletionPolicy"], resource["UpdateReplacePolicy"]), ("RetainExceptOnCreate", "Retain"))
        bucket = self.stack.properties("StagingBucket")
        self.assertEqual(bucket["PublicAccessBlockConfiguration"], dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True))
        self.assertEqual(bucket["OwnershipControls"], {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
        self.assertEqual(bucket["NotificationConfiguration"], {"EventBridgeConfiguration": {"EventBridgeEnabled": True}})
        self.assertNotIn("VersioningConfiguration", bucket)
        self.assertNotIn("state/", (ROOT / "template.yaml").read_text(), "all is below runs/")
        rules = {r.pop("Id"): r for r in bucket["LifecycleConfiguration"]["Rules"]}
        self.assertEqual(rules, {
            "expire-runs": {"Status": "Enabled", "Prefix": "runs/", "ExpirationInDays": "30"},
            "abort-uploads": {"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
            "expire-old-versions": {"Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
        })
        policy = self.stack.properties("StagingBucketPolicy")["PolicyDocument"]
        self.assertEqual([(s["Effect"], s["Condition"], s["Resource"]) for s in policy["Statement"]], [
            ("Deny", {"Bool": {"aws:SecureTransport": "false"}}, ["StagingBucket.Arn", "StagingBucket.Arn/*"])])

    def test_encryption(self):
        for parameters, key in ((DEFAULTS, "Key.Arn"), (FULL, OWN_KEY), (PLAIN, None)):
            with self.subTest(key):
                stack = transform(parameters)
                rule, = stack.properties("StagingBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
                want = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
                self.assertEqual(rule, {"BucketKeyEnabled": bool(key), "ServerSideEncryptionByDefault": want})
                queue = stack.properties("FailureQueue")
                self.assertEqual(queue.pop("MessageRetentionPeriod"), 14 * 24 * 3600)
                self.assertEqual(queue, {"KmsMasterKeyId": key} if key else {"SqsManagedSseEnabled": True})
                for group in stack.of_type("AWS::Logs::LogGroup").values():
                    self.assertEqual(group.get("KmsKeyId"), key)
                for kind, name in (("AWS::SNS::Topic", "KmsMasterKeyId"), ("AWS::SecretsManager::Secret", "KmsKeyId")):
                    for properties in stack.of_type(kind).values():
                        self.assertEqual(properties.get(name), key)

    def test_secret(self):
        secret = self.stack.properties("Secret")
        names = {"clientId": "", "clientSecret": "", "tokenEndpoint": "", "authomizeToken": "", "authMethod": "basic"}
        self.assertEqual(json.loads(secret["SecretString"]), names)
        source = (ROOT / "shared/secret/secret.go").read_text()
        self.assertEqual(set(names), set(re.findall(r'`json:"(\w+)"`', source)), "the names that the functions read")

        command = shlex.split(self.stack.outputs["FillSecretCommand"])
        self.assertEqual(command, [
            "aws", "secretsmanager", "put-secret-value", "--region", REGION, "--secret-id", "Secret",
            "--secret-string", "file:///dev/stdin"])
        description = SOURCE["Outputs"]["FillSecretCommand"]["Description"]
        self.assertEqual(set(json.loads(re.search(r"{.*}", description)[0])), set(names))
        self.assertEqual(transform(FULL).outputs["SecretArn"], SECRET)
        self.assertNotIn("FillSecretCommand", transform(FULL).outputs)

    def test_log_groups(self):
        for parameters, days, level in ((DEFAULTS, "30", "INFO"), (FULL, "14", "DEBUG")):
            stack = transform(parameters)
            groups = {k: (g["LogGroupName"], g["RetentionInDays"]) for k, g in stack.of_type("AWS::Logs::LogGroup").items()}
            self.assertEqual(groups, {k: (f"/pingone-authomize/{STACK}/{f}", days) for k, f in LOG_GROUPS.items()})
            for name, function in stack.of_type("AWS::Lambda::Function").items():
                self.assertEqual(function["LoggingConfig"], {
                    "LogFormat": "JSON", "ApplicationLogLevel": level, "SystemLogLevel": "INFO",
                    "LogGroup": name.removesuffix("Function") + "LogGroup"})

    def test_every_partition(self):
        text = (ROOT / "template.yaml").read_text()
        self.assertNotIn("arn:aws:", text)
        # A service's principal is the same everywhere, save that of the logs.
        hosts = set(re.findall(r"[\w${}:.-]+\.amazonaws\.com[\w.]*", text))
        self.assertEqual(hosts, {f"{s}.amazonaws.com" for s in ("lambda", "events", "scheduler", "cloudwatch")})

    def test_second_stack(self):
        """No name is fixed but that of the log groups, which has the stack's in it."""
        for name, resource in self.stack.resources.items():
            kind, properties = resource["Type"], resource.get("Properties", {})
            allowed = {
                "AWS::Scheduler::Schedule": {"GroupName"},  # a reference to the stack's group
                "AWS::IAM::Policy": {"PolicyName"},  # inside a role
                "AWS::Lambda::EventInvokeConfig": {"FunctionName"},
                "AWS::Lambda::Permission": {"FunctionName"},
            }.get(kind, set())
            self.assertLessEqual(set(properties) & NAMES, allowed, name)
        names = [g["LogGroupName"] for s in (STACK, STACK + "-2") for g in transform(name=s).of_type("AWS::Logs::LogGroup").values()]
        self.assertEqual(len(names), len(set(names)))

    def test_outputs(self):
        functions = {name + "Name": name for name in FUNCTIONS}
        plain = functions | {
            "SecretArn": "Secret", "StagingBucketName": "StagingBucket", "FailureQueueUrl": "FailureQueue",
            "AlarmTopicArn": "AlarmTopic", "DashboardName": "Dashboard",
        }
        for parameters, want in (
            (DEFAULTS, plain | {"KmsKeyArn": "Key.Arn"}),
            (FULL, plain | {"KmsKeyArn": OWN_KEY, "SecretArn": SECRET, "AlarmTopicArn": FULL["AlarmTopicArn"]}),
            (PLAIN, plain),
        ):
            outputs = dict(transform(parameters).outputs)
            commands = {k: outputs.pop(k) for k in list(outputs) if k.endswith("Command")}
            self.assertEqual(outputs, want)
            self.assertEqual(set(commands) - {"FillSecretCommand"}, {"RunNowCommand"})

    def test_run_now_command(self):
        command = shlex.split(self.stack.outputs["RunNowCommand"])
        self.assertEqual(command[:-1], ["aws", "events", "put-events", "--region", REGION, "--entries"])
        entry, = json.loads(command[-1])
        event = {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
        for name in FETCH:
            self.assertEqual(self.stack.starts(name, event), 1, name)

    def test_repository_metadata(self):
        app = SOURCE["Metadata"]["AWS::ServerlessRepo::Application"]
        self.assertEqual(set(app), {
            "Name", "Description", "Author", "SpdxLicenseId", "LicenseUrl", "ReadmeUrl", "Labels", "SemanticVersion"})
        self.assertRegex(app["Name"], r"^[a-zA-Z0-9-]{1,140}$")
        self.assertRegex(app["Author"], r"^[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?$")
        self.assertRegex(app["SemanticVersion"], r"^\d+\.\d+\.\d+$")
        self.assertLessEqual(len(app["Description"]), 256)
        self.assertLessEqual(len(app["Labels"]), 10)
        self.assertEqual(app["SpdxLicenseId"], "MIT")
        for file in (app["LicenseUrl"], app["ReadmeUrl"]):
            self.assertTrue((ROOT / file).is_file(), file)


class ParametersTest(unittest.TestCase):
    maxDiff = None

    def test_described_grouped_and_used(self):
        interface = SOURCE["Metadata"]["AWS::CloudFormation::Interface"]
        grouped = [p for g in interface["ParameterGroups"] for p in g["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(SOURCE["Parameters"]))
        self.assertEqual(set(interface["ParameterLabels"]), set(SOURCE["Parameters"]))
        text = json.dumps({k: v for k, v in SOURCE.items() if k not in ("Parameters", "Metadata", "Rules")})
        for name, parameter in SOURCE["Parameters"].items():
            with self.subTest(name):
                self.assertTrue(parameter.get("Description"))
                self.assertLessEqual(len(parameter["Description"]), 4000)
                self.assertRegex(text, rf'{{"Ref": "{name}"}}|\${{{name}}}')
        self.assertEqual([n for n, p in SOURCE["Parameters"].items() if "Default" not in p], ["AuthomizeAppId"])

    def test_sets_of_this_test(self):
        """FULL gives every parameter but those that exclude others, each other than its default."""
        self.assertEqual(set(SOURCE["Parameters"]) - set(FULL), {"AlarmEmail", "Tracing"})
        for name, value in (FULL | PLAIN).items():
            self.assertNotEqual(str(SOURCE["Parameters"][name].get("Default")), value, name)

    def test_conditions_are_used(self):
        text = json.dumps({k: v for k, v in SOURCE.items() if k != "Rules"})
        for name in SOURCE["Conditions"]:
            self.assertRegex(text, rf'"Fn::If": \["{name}"|"Condition": "{name}"', name)

    def test_values_that_are_taken(self):
        account = ACCOUNT
        key = "key/1234abcd-12ab-34cd-56ef-1234567890ab"
        taken = {
            "KmsKey": ["create", "aws", OWN_KEY, f"arn:aws-cn:kms:cn-north-1:{account}:{key}",
                       f"arn:aws-us-gov:kms:us-gov-west-1:{account}:{key}", f"arn:aws:kms:eu-west-1:{account}:key/mrk-12"],
            "VpcSubnetIds": ["", "subnet-0a1b2c3d", "subnet-0a1b2c3d4e5f67890,subnet-0a1b2c3d4e5f67891"],
            "VpcSecurityGroupIds": ["", "sg-0a1b2c3d", "sg-0a1b2c3d4e5f67890,sg-1"],
        }
        refused = {
            "KmsKey": ["", "none", f"arn:aws:kms:eu-west-1:{account}:alias/mine"],
            "VpcSubnetIds": ["subnet-1, subnet-2"],
            "VpcSecurityGroupIds": ["sg-1, sg-2"],
        }
        patterns = {n: p["AllowedPattern"] for n, p in SOURCE["Parameters"].items() if "AllowedPattern" in p}
        self.assertEqual(set(patterns), set(taken), "a schedule, a URL, an address are for AWS and the functions to judge")
        for name, pattern in patterns.items():
            for value in taken[name] + [SOURCE["Parameters"][name]["Default"]]:
                self.assertTrue(re.fullmatch(pattern, value), (name, value))
            for value in refused[name]:
                self.assertFalse(re.fullmatch(pattern, value), (name, value))

    def test_wrong_combinations(self):
        for extra, want in (
            ({}, set()),
            ({"VpcSubnetIds": "subnet-1"}, {"Vpc"}),
            ({"VpcSecurityGroupIds": "sg-1"}, {"Vpc"}),
            ({"VpcSubnetIds": "subnet-1", "VpcSecurityGroupIds": "sg-1"}, set()),
            ({"AlarmEmail": "a@example.org"}, set()),
            ({"AlarmTopicArn": "arn"}, set()),
            ({"AlarmEmail": "a@example.org", "AlarmTopicArn": "arn"}, {"OneWayToTell"}),
            ({"SecretKmsKeyArn": "arn"}, {"KeyOfExistingSecret"}),
            ({"SecretKmsKeyArn": "arn", "SecretArn": SECRET}, set()),
            ({"PingOneApiUrl": "https://proxy.example/pingone"}, set()),
            ({"PingOneApiUrl": "https://api.pingone.eu", "PingOneEnvironments": "all"}, set()),
            ({"PingOneEnvironments": "all"}, set()),
        ):
            with self.subTest(extra):
                self.assertEqual(transform(DEFAULTS | extra).refused(), want)
        for parameters in (FULL, PLAIN):
            self.assertEqual(transform(parameters).refused(), set())
        for name, rule in SOURCE["Rules"].items():
            for assertion in rule["Assertions"]:
                self.assertTrue(assertion["AssertDescription"], name)


class LocalTest(unittest.TestCase):
    """events/env.json, without which sam local passes logical ids for values."""

    def test_variables(self):
        given = sample("env")
        self.assertEqual(set(given), set(FUNCTIONS))
        for name, variables in given.items():
            with self.subTest(name):
                # sam passes a variable only if the template has it for the function.
                self.assertLessEqual(set(variables), set(transform(FULL).variables(name)))
                unresolved = {
                    k for k, v in transform(DEFAULTS).variables(name).items()
                    if any(r in str(v) for r in SOURCE["Resources"]) or v == DEFAULTS.get("AuthomizeAppId")
                }
                self.assertLessEqual(unresolved, set(variables))
        transform_variables = given["TransformFunction"]
        self.assertEqual((transform_variables["DRY_RUN"], transform_variables["SWEEP"]), ("true", "never"))

    def test_flags(self):
        """The flags that docs/deploy.md gives to sam are flags of that command."""
        text = (ROOT / "docs/deploy.md").read_text()
        for command, place in (("local invoke", local_invoke), ("remote invoke", remote_invoke)):
            used = re.findall(rf"sam {command} \w+Function ([^#\n]*(?:\\\n[^\n]*)*)", text)
            known = {o for p in place.params for o in p.opts}
            self.assertTrue(used, command)
            for line in used:
                self.assertLessEqual(set(re.findall(r"--[a-z-]+", line)), known)


class DeployDocTest(unittest.TestCase):
    """docs/deploy.md says what the template says."""

    maxDiff = None
    text = (ROOT / "docs/deploy.md").read_text()

    def test_key_policy(self):
        documents = [json.loads(b) for b in re.findall(r"^```json\n(.*?)^```$", self.text, re.M | re.S)]
        policy, = [d for d in documents if isinstance(d, list)]
        own = transform().properties("Key")["KeyPolicy"]["Statement"][1:]  # the first is the account's
        self.assertEqual(policy, own)

    def test_names_exist(self):
        role = yaml_parse((ROOT / "docs/deploy-role.yaml").read_text())
        known = {name for t in (SOURCE, role) for part in ("Parameters", "Outputs", "Resources") for name in t[part]}
        given = re.findall(r"(?<=[ `])([A-Z][A-Za-z]+)=", self.text)
        quoted = re.findall(r"`([A-Z][a-z]+[A-Z][A-Za-z]+)`", self.text)
        self.assertIn("AuthomizeAppId", given)
        self.assertIn("FillSecretCommand", quoted)
        self.assertEqual(set(given + quoted) - known - {"OutputKey", "InvocationType", "SemanticVersion"}, set())

    def test_commands_are_those_of_the_outputs(self):
        outputs = transform().outputs
        self.assertIn(outputs["RunNowCommand"], self.text)
        self.assertIn(outputs["FillSecretCommand"].replace("Secret ", "arn:aws:secretsmanager:… "), self.text)


if __name__ == "__main__":
    unittest.main()
