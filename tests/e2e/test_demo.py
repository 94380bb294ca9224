"""`releve demo --once`: real homes through the real way, and the sums that its server says add up."""
import re

from product import ROOT, run_binary


def test_the_demo_ends_with_a_ledger_that_adds_up(make_server):
    folder = make_server(start=False).folder  # passable for the database's user, and gone afterwards
    done = run_binary("demo", "--once", "--data-dir", folder / "data", "--demo-data", ROOT / "data/demo")
    assert done.code == 0, done
    assert "112 of 112 local days equal the customer export's index differences to the Wh." in done.out
    ledger = re.search(r"^The ledger went through (\d+) meters: all sums add up, 0 differences", done.out, re.MULTILINE)
    assert ledger and int(ledger.group(1)) == 62, done.out
    assert "curl" not in done.out, "no links into a server that has ended"
