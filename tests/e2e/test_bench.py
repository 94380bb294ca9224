"""What the benchmarks print, and that they notice what must not be. No figure is judged: the machine may be busy."""
import json

from product import run_binary

TINY = ["--seconds", 1, "--meters", 64, "--attackers", 4, "--json"]
ATTACKS = {
    "slow_bytes": ["releve_timeouts_total{deadline=message}"],
    "strangers": ["releve_frames_total{state=unknown_meter}", "releve_quarantine_not_kept_total"],
    "replays": ["releve_frames_total{state=duplicate}", "releve_frames_total{state=replay}"],
}


def test_honest_meters_are_served_and_each_attack_is_named():
    done = run_binary("bench", "hostile", *TINY, *(word for attack in ATTACKS for word in ("--attack", attack)))
    assert done.code == 0, done
    report = json.loads(done.out.splitlines()[-1])
    assert report["bench"] == "hostile"
    full_speed, *attacked = report["results"]
    for name in ["lost", "doubled", "altered", "unconfirmed"]:
        assert full_speed["details"][name] == 0, name
    assert full_speed["details"]["readings"] > 0
    assert [result["name"] for result in attacked] == list(ATTACKS)
    for result in attacked:
        assert result["unit"] == "readings/s" and [b["name"] for b in result["baselines"]] == ["quiet"]
        assert result["details"]["unconfirmed"] == 0 and result["details"]["attempts"] > 0
        for counter in ATTACKS[result["name"]]:
            assert result["details"][counter] > 0, counter


def test_both_energies_at_once_are_stored_exactly_as_they_were_sent():
    done = run_binary("bench", "ingest", "--mix", "france", "--meters", 350, "--seconds", 1, "--json")
    assert done.code == 0, done
    report = json.loads(done.out.splitlines()[-1])
    assert report["bench"] == "ingest"
    [france] = report["results"]
    assert (france["name"], france["unit"]) == ("france", "readings/s")
    assert [baseline["name"] for baseline in france["baselines"]] == ["plain_copy", "row_upsert"]
    details = france["details"]
    for name in ["lost", "doubled", "altered", "unconfirmed"]:
        assert details[name] == 0, name
    assert (details["meters"], details["gas_meters"], details["gateways"]) == (350, 110, 8)
    electricity, gas = details["electricity_frames"], details["gas_frames"]
    assert gas > 0 and abs(11 * electricity - 35 * gas) <= 35 * 500, "35 to 11, but for a batch"
    # Six digits are told; the first round has days of 46 half-hours and 23 hours, the second of 50 and 25.
    assert abs(details["gas_readings"] - 24 * gas) <= 110 + 10
    assert abs(details["readings"] - 48 * electricity - 24 * gas) <= 2 * 350 + 110 + 10
    for name in ["cpu_generator_s", "cpu_server_s", "cpu_s_per_million_readings", "frames_per_second", "bytes_per_reading",
                 "electricity_answer_p99_ms", "gas_answer_p99_ms"]:
        assert details[name] > 0, name


def test_questions_over_days_are_answered_as_over_rows():
    done = run_binary("bench", "query", "--meters", 500, "--row-meters", 300, "--year-meters", 5, "--seconds", 1, "--json")
    assert done.code == 0, done
    report = json.loads(done.out.splitlines()[-1])
    assert report["bench"] == "query"
    assert [result["name"] for result in report["results"]] == [
        "fleet_curve", "area_day", "area_day_totals", "home_month", "home_year_daily"]
    for result in report["results"]:
        assert [baseline["name"] for baseline in result["baselines"]] == ["sql_rows"]
        assert result["value"] > 0 and result["details"]["repeats"] >= 3, result["name"]


def test_a_fleet_is_judged_in_a_batch_as_by_a_closer_look():
    done = run_binary("bench", "validation", "--meters", 2_000, "--seconds", 1, "--json")
    assert done.code == 0, done
    report = json.loads(done.out.splitlines()[-1])
    assert report["bench"] == "validation"
    [fleet] = report["results"]
    assert (fleet["name"], fleet["unit"]) == ("day_of_fleet", "s")
    assert [baseline["name"] for baseline in fleet["baselines"]] == ["read_only"]
    details = fleet["details"]
    assert (details["meters"], details["planted_meters"]) == (2_000, 4), "one of each kind"
    assert 1_000 <= details["compared_meters"] <= 1_004
    assert 4 <= details["failing_meters"] < 2_000
    assert fleet["value"] > 0 and details["half_hours_per_s"] > 0 and details["remembered_bytes"] > 0


def test_a_mix_that_does_not_exist_is_refused():
    done = run_binary("bench", "ingest", "--mix", "none")
    assert done.code == 2 and "--mix" in done.err


def test_an_attack_that_does_not_exist_is_refused():
    done = run_binary("bench", "hostile", "--attack", "none")
    assert done.code == 2 and "--attack" in done.err
