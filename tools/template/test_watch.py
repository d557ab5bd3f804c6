"""Alarms and dashboard: they name only what is written, and say what to do."""

import json
import re
import unittest

from stack import DEFAULTS, FETCH, FULL, FUNCTIONS, PLAIN, ROOT, SOURCE, STACK, go_source, transform

NAMESPACE = "PingOneAuthomize"

# Metrics that AWS writes by itself, with their dimensions.
AWS_METRICS = {
    ("AWS/Lambda", "Duration"): {"FunctionName"},
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/S3", "BucketSizeBytes"): {"BucketName", "StorageType"},
    ("AWS/S3", "NumberOfObjects"): {"BucketName", "StorageType"},
}

# Missing data of each alarm. breaching: silence is the fault. ignore: only a
# run changes the state. notBreaching: nothing written, nothing wrong.
ALARMS = {
    "NoGoodRunAlarm": "breaching",
    "FailedRunAlarm": "ignore",
    "HeldSweepAlarm": "ignore",
    "StaleReadingsAlarm": "ignore",
    "QuarantineAlarm": "notBreaching",
    "FunctionErrorsAlarm": "notBreaching",
    "TransformErrorsAlarm": "notBreaching",
    "ApplicationRolesErrorsAlarm": "notBreaching",
    "FailureQueueAlarm": "notBreaching",
    "ThrottlingAlarm": "notBreaching",
    "TimeLeftAlarm": "notBreaching",
    "TransformTimeLeftAlarm": "notBreaching",
    "ApplicationRolesTimeLeftAlarm": "notBreaching",
    "TokenRefusedAlarm": "notBreaching",
}


def metrics():
    """Every metric of the functions, and the dimension it has beside Stack, or
    None, from the file that a Go test compares with the code."""
    found = json.loads((ROOT / "shared/observe/testdata/metrics.json").read_text())
    return {m["name"]: m["by"] or None for m in found}


def kinds():
    """The kinds of record, as the Go code spells them."""
    return set(re.findall(r'\bKind += "(\w+)"', go_source("shared/authomize"))) - {"identities"}  # which are never posted


def reasons():
    """The reasons of being carried forward that are watched, as the Go code spells them."""
    return set(re.findall(r'\bCarried += "([\w-]+)"', (ROOT / "shared/staging/reply.go").read_text())) - {"not-due"}


METRICS = metrics()


class WatchTest(unittest.TestCase):
    maxDiff = None

    def check_metric(self, namespace, name, dimensions):
        """Fails unless someone writes this metric with these dimensions."""
        if namespace != NAMESPACE:
            self.assertEqual(set(dimensions), AWS_METRICS.get((namespace, name)), f"{namespace} {name}")
            if "FunctionName" in dimensions:
                self.assertIn(dimensions["FunctionName"], FUNCTIONS)
            return
        self.assertIn(name, METRICS)
        rest = dict(dimensions)
        self.assertEqual(rest.pop("Stack", None), STACK, name)
        if not rest:
            return
        values = {"Collection": set(FETCH.values()), "Kind": kinds(), "API": {"PingOne", "Authomize"}, "Reason": reasons()}
        (dimension, value), = rest.items()
        self.assertEqual(dimension, METRICS[name], name)
        self.assertIn(value, values[dimension], name)

    def test_definitions_are_found(self):
        self.assertEqual((METRICS["GoodRuns"], METRICS["RecordsRead"]), (None, "Collection"))
        self.assertIn(f'Namespace = "{NAMESPACE}"', go_source("shared/observe"))

    def test_costs_count_every_metric_and_alarm(self):
        """docs/operations.md reckons with the metrics that there are: each by
        stack, and once more for each value of its dimension."""
        text = (ROOT / "docs/operations.md").read_text()
        values = {"Collection": len(FETCH), "API": 2, "Function": len(FUNCTIONS), "Kind": len(kinds()), "Reason": len(reasons())}
        used = list(METRICS.values())
        count = len(METRICS) + sum(values[d] for d in used if d)
        self.assertIn(f"| metrics: at most {count}, ", text)
        self.assertIn(f"| {count} × 0.30 × 1/24 ", text)
        parts = ", ".join(
            f"{name} {used.count(d)} × {values[d]}"
            for d, name in (("Collection", "by collection"), ("API", "API"), ("Function", "function"), ("Kind", "kind"), ("Reason", "reason")))
        self.assertIn(f"- Metrics: {len(METRICS)} of the stack, {parts}.", text)
        watched = [
            sum("MetricStat" in m for m in a["Metrics"]) if "Metrics" in a else 1
            for a in transform().of_type("AWS::CloudWatch::Alarm").values()]
        self.assertEqual(set(watched), {1, 10})
        self.assertIn(f"| alarms: {watched.count(1)} of one metric, {watched.count(10)} of ten | 0.10 a metric | {sum(watched) / 10:.2f} |", text)

    def test_alarms(self):
        for parameters, topic in ((DEFAULTS, "AlarmTopic"), (PLAIN, "AlarmTopic"), (FULL, FULL["AlarmTopicArn"])):
            alarms = transform(parameters).of_type("AWS::CloudWatch::Alarm")
            self.assertEqual({k: a["TreatMissingData"] for k, a in alarms.items()}, ALARMS)
            for name, alarm in alarms.items():
                with self.subTest(name, topic=topic):
                    self.assertIn("What to do: ", alarm["AlarmDescription"])
                    self.assertIn(STACK, alarm["AlarmDescription"])
                    self.assertLessEqual(len(alarm["AlarmDescription"].replace(STACK, "s" * 128)), 1024)
                    self.assertNotIn("${", alarm["AlarmDescription"])
                    self.assertEqual(alarm["AlarmActions"], [topic])
                    told_when_well = alarm["TreatMissingData"] != "notBreaching"
                    self.assertEqual(alarm.get("OKActions"), [topic] if told_when_well else None)
                    self.assertNotIn("ActionsEnabled", alarm)

    def test_alarms_watch_what_is_written(self):
        for name, alarm in transform().of_type("AWS::CloudWatch::Alarm").items():
            with self.subTest(name):
                metrics = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m] or [alarm]
                for m in metrics:
                    self.check_metric(m["Namespace"], m["MetricName"], {d["Name"]: d["Value"] for d in m["Dimensions"]})

    def test_alarm_values(self):
        got = {
            k: (a.get("MetricName"), a.get("Statistic"), a.get("Period"), a["EvaluationPeriods"], a["ComparisonOperator"], a["Threshold"])
            for k, a in transform(FULL).of_type("AWS::CloudWatch::Alarm").items()
        }
        at_least, more, less = "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold"
        self.assertEqual(got, {
            "NoGoodRunAlarm": (None, None, None, "3", less, 1),
            "FailedRunAlarm": ("RunsFailed", "Maximum", 300, 1, at_least, 1),
            "HeldSweepAlarm": ("RunsHeld", "Maximum", 300, 1, at_least, 1),
            "StaleReadingsAlarm": ("StaleReadings", "Maximum", 300, 1, more, 0),
            "QuarantineAlarm": ("QuarantinedInRun", "Maximum", 3600, 1, more, "7"),
            "FunctionErrorsAlarm": (None, None, None, 1, at_least, 3),
            "TransformErrorsAlarm": ("Errors", "Sum", 3600, 1, at_least, 3),
            "ApplicationRolesErrorsAlarm": ("Errors", "Sum", 3600, 1, at_least, 3),
            "FailureQueueAlarm": ("ApproximateNumberOfMessagesVisible", "Maximum", 300, 1, at_least, 1),
            "ThrottlingAlarm": ("Throttled", "Sum", 3600, 1, at_least, 100),
            "TimeLeftAlarm": (None, None, None, 2, at_least, 890_000),
            "TransformTimeLeftAlarm": ("Duration", "Maximum", 3600, 2, at_least, 890_000),
            "ApplicationRolesTimeLeftAlarm": ("Duration", "Maximum", 3600, 2, at_least, 890_000),
            "TokenRefusedAlarm": ("TokenRefused", "Sum", 300, 1, at_least, 1),
        })

    def test_good_runs_are_filled(self):
        """N hours without a good run mean N hours: no point is missing, so CloudWatch looks back no further."""
        alarm = transform(FULL).properties("NoGoodRunAlarm")
        filled, good = alarm["Metrics"]
        self.assertEqual((filled["Expression"], filled["ReturnData"], good["Id"], good["ReturnData"]),
                         ("FILL(good, 0)", True, "good", False))
        stat = good["MetricStat"]
        self.assertEqual((stat["Metric"]["MetricName"], stat["Stat"], stat["Period"]), ("GoodRuns", "Sum", 3600))
        self.assertEqual((alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]), ("3", "3"))
        # With periods of an hour or more CloudWatch takes seven days at most.
        hours = SOURCE["Parameters"]["NoGoodRunHours"]
        self.assertEqual((hours["MinValue"], hours["MaxValue"] * stat["Period"]), (1, 7 * 24 * 3600))

    def test_alarms_of_every_function(self):
        for name, expression, metric, stat in (
            ("FunctionErrorsAlarm", "SUM(METRICS())", "Errors", "Sum"),
            ("TimeLeftAlarm", "MAX(METRICS())", "Duration", "Maximum"),
        ):
            metrics = transform().properties(name)["Metrics"]
            self.assertEqual([m.get("Expression") for m in metrics if m["ReturnData"]], [expression])
            stats = [m["MetricStat"] for m in metrics if not m["ReturnData"]]
            self.assertEqual([s["Metric"]["Dimensions"][0]["Value"] for s in stats], list(FETCH)[:10])
            self.assertEqual({(s["Metric"]["MetricName"], s["Stat"], s["Period"]) for s in stats}, {(metric, stat, 3600)})
            # The others have their own, since CloudWatch takes ten metrics an alarm.
            for function in list(FUNCTIONS)[10:]:
                own = transform().properties(function.removesuffix("Function") + name.removeprefix("Function"))
                self.assertEqual((own["Namespace"], own["MetricName"], own["Statistic"], own["Period"], own["Dimensions"][0]["Value"]),
                                 ("AWS/Lambda", metric, stat, 3600, function))

    def test_time_left_alarm_sees_a_stopped_invocation_and_no_other(self):
        """One that Lambda stops took all of the timeout. One that ends in time
        has the margin left, less what the last commit takes."""
        for name in ("TimeLeftAlarm", "TransformTimeLeftAlarm", "ApplicationRolesTimeLeftAlarm"):
            alarm = transform().properties(name)
            # A point stands where the invocation began, up to 15 minutes ago.
            self.assertEqual((alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]), (2, 1))
        timeouts = {f["Timeout"] * 1000 for f in transform().of_type("AWS::Lambda::Function").values()}
        self.assertEqual(timeouts, {900_000})
        self.assertLess(alarm["Threshold"], 900_000)
        source = go_source("shared/fetch", "shared/transform")
        margins = [int(s) for s in re.findall(r"^(?:const|\t)? ?Margin = (\d+) \* time\.Second\b", source, re.M)]
        self.assertEqual(len(margins), 2, "the pattern no longer finds both margins")
        self.assertLess(900_000 - min(margins) * 1000, alarm["Threshold"])

    def test_topic_and_address(self):
        for parameters, topics, subscriptions in (
            (DEFAULTS, ["AlarmTopic"], {}),
            (FULL, [], {}),
            (PLAIN, ["AlarmTopic"], {"AlarmSubscription": {"TopicArn": "AlarmTopic", "Protocol": "email", "Endpoint": "ops@example.org"}}),
        ):
            stack = transform(parameters)
            self.assertEqual(list(stack.of_type("AWS::SNS::Topic")), topics)
            self.assertEqual(stack.of_type("AWS::SNS::Subscription"), subscriptions)

    def dashboard(self, parameters=DEFAULTS):
        return json.loads(transform(parameters).properties("Dashboard")["DashboardBody"])

    def test_dashboard_is_json(self):
        for parameters in (DEFAULTS, FULL, PLAIN):
            body = transform(parameters).properties("Dashboard")["DashboardBody"]
            self.assertNotIn("${", body)
            self.assertEqual(set(json.loads(body)), {"start", "periodOverride", "widgets"})

    def test_dashboard_names_only_metrics_that_are_written(self):
        shown = set()
        for widget in self.dashboard()["widgets"]:
            properties = widget["properties"]
            for metric in properties.get("metrics", []):
                with self.subTest(properties["title"], metric=metric[:2]):
                    metric = list(metric)
                    options = metric.pop() if isinstance(metric[-1], dict) else {}
                    self.assertLessEqual(set(options), {"label", "stat", "yAxis"})
                    namespace, name, *dimensions = metric
                    self.assertEqual(len(dimensions) % 2, 0)
                    self.check_metric(namespace, name, dict(zip(dimensions[::2], dimensions[1::2])))
                    shown.add(name)
        # The count of completed runs is good and held ones; durations are Lambda's
        # own; the quarantine is shown by kind.
        self.assertEqual(set(METRICS) - shown, {"RunsCompleted", "InvocationDuration", "QuarantinedInRun"})

    def test_dashboard_widgets(self):
        titles = []
        for widget in self.dashboard()["widgets"]:
            properties = widget["properties"]
            known = {
                "text": {"markdown"},
                "alarm": {"title", "alarms"},
                "log": {"title", "region", "view", "query"},
                "metric": {"title", "region", "view", "stat", "period", "metrics"},
            }[widget["type"]]
            if properties.get("view") == "singleValue":
                # The newest point, of a period shorter than the time between two runs.
                self.assertEqual((properties["period"], properties["setPeriodToTimeRange"]), (300, False))
                known |= {"setPeriodToTimeRange", "sparkline"}
            self.assertEqual(set(properties), known)
            self.assertEqual(properties.get("region", "eu-west-1"), "eu-west-1")
            self.assertIn(properties.get("view", "table"), {"timeSeries", "singleValue", "table"})
            self.assertLessEqual(widget["x"] + widget["width"], 24)
            titles.append(properties.get("title") or properties["markdown"])
        self.assertEqual([t for t in titles if t.startswith("##")], [
            "## Is it healthy?", "## What did the last run do?", "## How long, and how many calls?",
            "## What is growing?", "## What is wrong?"])
        self.assertEqual(len(titles), len(set(titles)))

    def test_dashboard_widgets_do_not_overlap(self):
        taken = {}
        for widget in self.dashboard()["widgets"]:
            for x in range(widget["x"], widget["x"] + widget["width"]):
                for y in range(widget["y"], widget["y"] + widget["height"]):
                    self.assertNotIn((x, y), taken)
                    taken[x, y] = widget

    def test_dashboard_shows_every_alarm_collection_kind_and_function(self):
        widgets = self.dashboard()["widgets"]
        alarms, = [w["properties"]["alarms"] for w in widgets if w["type"] == "alarm"]
        self.assertEqual(alarms, [f"{a}.Arn" for a in ALARMS])
        shown = {}
        for metric in (m for w in widgets for m in w["properties"].get("metrics", [])):
            for dimension, value in zip(metric[2::2], metric[3::2]):
                shown.setdefault((metric[1], dimension), set()).add(value)
        self.assertEqual(shown["RecordsRead", "Collection"], set(FETCH.values()))
        self.assertEqual(shown["CarriedLists", "Collection"], set(FETCH.values()))
        self.assertEqual(shown["OldestReading", "Reason"], reasons())
        self.assertEqual(shown["RecordsPosted", "Kind"], kinds())
        self.assertEqual(shown["RecordsQuarantined", "Kind"], kinds())
        self.assertEqual(shown["Errors", "FunctionName"], set(FUNCTIONS))
        self.assertEqual(shown["Duration", "FunctionName"], set(FUNCTIONS))
        query, = [w["properties"]["query"] for w in widgets if w["type"] == "log"]
        groups = {g["LogGroupName"] for g in transform().of_type("AWS::Logs::LogGroup").values()}
        self.assertEqual(set(re.findall(r"SOURCE '([^']+)'", query)), groups)


if __name__ == "__main__":
    unittest.main()
