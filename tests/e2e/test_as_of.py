"""What was known then is answered alike for ever. Stalls and stepped clocks are in tests/store/as_of_test.cpp."""
import datetime

from dlms import half_hours

DAY = datetime.date(2026, 3, 9)
STARTS = half_hours(DAY)


def test_an_answer_stays_what_it_was_when_values_are_corrected(shared, new_meter):
    meter = new_meter()
    shared.import_meters(meter)
    period = {"from_": DAY, "to": DAY + datetime.timedelta(days=1)}

    def known(what, **query):
        return shared.get(f"/api/v1/usage-points/{meter.usage_point}/{what}", **period, **query)

    with shared.connect() as link:
        link.exchange(meter.push(meter.day(STARTS, [400] * 48)))
        then = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        first = {what: known(what, as_of=then) for what in ("daily", "readings")}
        assert first["daily"]["days"] == known("daily")["days"] and len(first["readings"]["readings"]) == 48
        assert "as_of" not in known("daily")
        number = first["daily"]["as_of"]
        link.exchange(meter.push(meter.single_value(STARTS[0], 500)))
    assert known("readings")["readings"][0]["value"] == 500
    for what, answer in first.items():
        assert known(what, as_of=then) == known(what, as_of=number) == answer
    token = shared.root_token("energy_manager")
    for wrong, said in (("2099-01-01T00:00:00Z", "lies in the future"), (10 ** 15, "no answer has named this number yet")):
        answer = shared.ask(f"/api/v1/usage-points/{meter.usage_point}/daily?from={DAY}&to=2026-03-10&as_of={wrong}", token)
        assert answer.status == 400 and said in answer.json["detail"]
