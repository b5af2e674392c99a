"""Sampling rules, targets and statistics."""

from __future__ import annotations

import time

from tools import new_span, unique, until

ARN = "arn:aws:xray:us-east-1:000000000000:sampling-rule/"


def rule(name: str, number: int, **members) -> dict:
    """A rule whose every member depends on the number."""
    return {
        "RuleName": name, "Priority": 100 + number, "FixedRate": number / 100, "ReservoirSize": number, "ServiceName": f"shop-{number}",
        "ServiceType": f"AWS::Type{number}", "Host": f"host-{number}", "HTTPMethod": f"M{number}", "URLPath": f"/p/{number}",
        "ResourceARN": f"arn:{number}", "Version": 1, "Attributes": {"tenant": f"t-{number}"},
        "SamplingRateBoost": {"MaxRate": 0.5 + number / 100, "CooldownWindowMinutes": number}, **members,
    }


def record(sent: dict) -> dict:
    return {"SamplingRule": sent | {"RuleARN": ARN + sent["RuleName"]}}


def test_rules_live_and_change(xray):
    for number in (1, 2):
        name, before = unique("rule"), int(time.time())
        sent = rule(name, number)
        tags = [{"Key": "team", "Value": name}]
        made = xray.call("CreateSamplingRule", SamplingRule=sent, Tags=tags)
        made.shows({"SamplingRuleRecord": record(sent)})
        created = made["SamplingRuleRecord"]["CreatedAt"]
        assert before <= created <= time.time()
        made.shows({"SamplingRuleRecord": {"CreatedAt": created, "ModifiedAt": created}})
        xray.call("ListTagsForResource", ResourceARN=ARN + name).shows({"Tags": tags})

        listed = {"SamplingRuleRecords": {"$contains": [record(sent) | {"CreatedAt": created, "ModifiedAt": created}]}}
        xray.call("GetSamplingRules").shows(listed)

        changed = rule(name, number + 10) | {"ResourceARN": f"arn:changed-{number}"}
        update = {member: value for member, value in changed.items() if member != "Version"}
        answer = xray.call("UpdateSamplingRule", SamplingRuleUpdate=update)
        modified = answer["SamplingRuleRecord"]["ModifiedAt"]
        assert modified >= created
        answer.shows({"SamplingRuleRecord": record(changed) | {"CreatedAt": created, "ModifiedAt": modified}})

        gone = xray.call("DeleteSamplingRule", RuleName=name) if number == 1 else xray.call("DeleteSamplingRule", RuleARN=ARN + name)
        gone.shows({"SamplingRuleRecord": record(changed) | {"CreatedAt": created, "ModifiedAt": modified}})
        xray.refuses("InvalidRequestException", "DeleteSamplingRule", RuleName=name)


def test_rules_are_named_by_name_or_arn(xray):
    name = unique("rule")
    sent = rule(name, 3)
    by_arn = {member: value for member, value in sent.items() if member != "RuleName"} | {"RuleARN": ARN + name}
    xray.call("CreateSamplingRule", SamplingRule=by_arn).shows({"SamplingRuleRecord": record(sent)})
    change = {"RuleARN": ARN + name, "FixedRate": 0.25}
    # A boost that an update does not name is taken away.
    kept = {member: value for member, value in sent.items() if member != "SamplingRateBoost"}
    xray.call("UpdateSamplingRule", SamplingRuleUpdate=change).shows({"SamplingRuleRecord": record(kept | {"FixedRate": 0.25})})
    both = {"RuleName": name, "RuleARN": ARN + name}
    text = "Request cannot contain both sampling rule name and sampling rule ARN"
    xray.refuses("InvalidRequestException", "UpdateSamplingRule", text, SamplingRuleUpdate=both)
    xray.call("DeleteSamplingRule", RuleName=name)


def test_the_twenty_sixth_rule_is_refused(xray):
    names = [unique("rule") for _ in range(26)]
    try:
        made = 0
        for name in names[:25]:
            made += bool(xray.call("CreateSamplingRule", SamplingRule=rule(name, 5)))
        xray.refuses("RuleLimitExceededException", "CreateSamplingRule", SamplingRule=rule(names[25], 5))
    finally:
        for name in names[:made]:
            xray.call("DeleteSamplingRule", RuleName=name)


def report(name: str, client: str, **counts) -> dict:
    counts = {"RequestCount": 10, "SampledCount": 5, "BorrowCount": 1} | counts
    return {"RuleName": name, "ClientID": client, "Timestamp": int(time.time())} | counts


def test_targets_give_the_rules_rate_and_divide_its_reservoir(xray):
    for number in (1, 2):
        name, clients = unique("rule"), [new_span() + new_span()[:8] for _ in range(2)]
        sent = rule(name, number, ReservoirSize=10 * number)
        modified = xray.call("CreateSamplingRule", SamplingRule=sent)["SamplingRuleRecord"]["ModifiedAt"]
        reports = [report(name, client) for client in clients]
        first = xray.call("GetSamplingTargets", SamplingStatisticsDocuments=reports)
        first.shows({"LastRuleModification": modified, "SamplingTargetDocuments": [{"RuleName": name, "FixedRate": sent["FixedRate"]}] * 2})
        wait_for_the_next_window()
        answer = xray.call("GetSamplingTargets", SamplingStatisticsDocuments=reports)
        targets = answer["SamplingTargetDocuments"]
        quota = sum(target["ReservoirQuota"] for target in targets)
        assert 0 < quota <= 10 * number, targets
        now = time.time()
        for target in targets:
            # They differ from run to run and from rule to rule; what they may be is asserted here.
            assert now + 290 < target["ReservoirQuotaTTL"] <= now + 301
            answer.shows({"SamplingTargetDocuments": {"$contains": [{name: target[name] for name in ("ReservoirQuota", "ReservoirQuotaTTL")}]}})
            answer.shows({"SamplingTargetDocuments": {"$contains": [{"Interval": 10}]}})
        xray.call("DeleteSamplingRule", RuleName=name)
        unknown = xray.call("GetSamplingTargets", SamplingStatisticsDocuments=[report(name, clients[0])])
        unknown.shows({"SamplingTargetDocuments": [], "UnprocessedStatistics": [{"RuleName": name, "ErrorCode": "400", "Message": "Unknown rule"}]})


def wait_for_the_next_window() -> None:
    """Sampling counts in windows of ten seconds by the clock."""
    window = time.time() // 10
    until("the window is over", lambda: time.time() // 10 > window)


def test_an_anomaly_boosts_a_rate(xray):
    for number in (1, 2):
        name, client = unique("rule"), new_span() + new_span()[:8]
        sent = rule(name, number, FixedRate=0.05 * number, SamplingRateBoost={"MaxRate": 0.5, "CooldownWindowMinutes": 1})
        xray.call("CreateSamplingRule", SamplingRule=sent)
        boost = {"RuleName": name, "ServiceName": f"shop-{number}", "Timestamp": int(time.time()), "AnomalyCount": 90, "TotalCount": 100, "SampledAnomalyCount": 4}
        found = None
        for _ in range(4):
            answer = xray.call("GetSamplingTargets", SamplingStatisticsDocuments=[report(name, client)], SamplingBoostStatisticsDocuments=[boost])
            found = answer["SamplingTargetDocuments"][0].get("SamplingBoost")
            if found:
                break
            wait_for_the_next_window()
        assert found and 0.05 * number < found["BoostRate"] <= 0.5 and time.time() < found["BoostRateTTL"], found
        answer.shows({"SamplingTargetDocuments": [{"SamplingBoost": found}]})
        xray.call("DeleteSamplingRule", RuleName=name)
        lost = xray.call("GetSamplingTargets", SamplingStatisticsDocuments=[], SamplingBoostStatisticsDocuments=[boost])
        lost.shows({"UnprocessedBoostStatistics": [{"RuleName": name, "ErrorCode": "400", "Message": "Unknown rule"}]})


def test_statistics_sum_what_clients_report(xray):
    name = unique("rule")
    xray.call("CreateSamplingRule", SamplingRule=rule(name, 4))
    for requests in (10, 20):
        wait_for_the_next_window()
        for _ in range(2):
            sent = report(name, new_span() + new_span()[:8], RequestCount=requests, SampledCount=requests // 2, BorrowCount=requests // 10)
            xray.call("GetSamplingTargets", SamplingStatisticsDocuments=[sent])
        window = time.time() // 10 * 10
        wait_for_the_next_window()
        expected = {"RuleName": name, "Timestamp": window, "RequestCount": 2 * requests, "SampledCount": requests, "BorrowCount": requests // 5}
        xray.call("GetSamplingStatisticSummaries").shows({"SamplingStatisticSummaries": {"$contains": [expected]}})
    xray.call("DeleteSamplingRule", RuleName=name)
