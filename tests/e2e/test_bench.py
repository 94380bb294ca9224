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


def test_an_attack_that_does_not_exist_is_refused():
    done = run_binary("bench", "hostile", "--attack", "none")
    assert done.code == 2 and "--attack" in done.err
