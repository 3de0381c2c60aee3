"""Each page shows what the API says, on a laptop and on a phone, in the light and in the dark."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

expect.set_options(timeout=30_000)
Shop = Callable[..., Any]
Visit = Callable[[Page, str], None]
PATHS = (
    "/", "/bets", "/bets/bet-3", "/bets/bet-3?slot=1", "/people", "/people/user_id/u-5",
    "/people/user_id/family", "/segments", "/segments/regulars", "/placements",
    "/placements/home", "/placements/capped", "/content", "/content?state=unavailable", "/stock",
    "/events", "/honesty", "/results",
    "/results?placement=capped", "/find?q=nothing-is-called-so",
)  # fmt: skip
CONTRAST = """() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = numbers(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || element.closest('script, style')) continue;
    if (!element.checkVisibility({visibilityProperty: true})) continue;
    const inside = element.closest('svg') !== null;
    const colour = numbers(getComputedStyle(element)[inside ? 'fill' : 'color']);
    const [a, b] = [light(colour), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${ratio.toFixed(2)}: ${walk.currentNode.data.trim()}`);
  }
  return poor;
}"""


def _percent(share: float) -> str:
    """Said here once more, so that the page's own way of writing is not its own witness."""
    shown = f"{share * 100:.{0 if share >= 0.0995 else 1 if share >= 0.00995 else 2}f} %"
    return "0 %" if share == 0 else shown


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_no_page_is_wider_than_the_window(
    sign_in: Callable[..., Page], visit: Visit, size: str
) -> None:
    page = sign_in(size)
    for path in PATHS:
        visit(page, path)
        page.wait_for_function("[...document.querySelectorAll('.chart')].every(c => c.children[0])")
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"{path} is {wider} px wider than the {size}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(sign_in: Callable[..., Page], visit: Visit, scheme: str) -> None:
    page = sign_in(color_scheme=scheme)
    for path in PATHS:
        visit(page, path)
        page.wait_for_function(
            "[...document.querySelectorAll('.chart')].every(c => c.querySelector('svg'))"
        )
        assert page.evaluate(CONTRAST) == [], path
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(ground.removeprefix("rgb(").partition(",")[0])
    assert (red < 64) == (scheme == "dark")


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_overview_says_what_the_report_says(
    sign_in: Callable[..., Page], shop: Shop, size: str
) -> None:
    page = sign_in(size)
    report = shop("GET", "/v1/reports/overview")
    figures = page.locator("#figures")
    for name, figure in (("Bets", "bets"), ("Won", "won"), ("People", "people")):
        one = figures.locator("div").filter(has=page.get_by_text(name, exact=True))
        expect(one.locator("dd.value")).to_have_text(f"{report[figure]:,}")
    expect(figures).to_contain_text(f"{report['open']} open")
    for level, count in report["byLevel"].items():
        expect(page.locator(".legend tr").filter(has_text=level)).to_contain_text(str(count))
    expect(page.locator(".slip")).to_have_count(8)
    assert report["lift"]["type"] == "NotEnough"
    needed, seen = report["lift"]["needed"], report["lift"]["seen"]
    assert report["lift"]["what"] == "profiles in each group"
    expect(figures).to_contain_text(f"needs {needed} people in each group, seen {seen}")


def test_overview_is_live(sign_in: Callable[..., Page], shop: Shop) -> None:
    page = sign_in()
    bets = shop("GET", "/v1/reports/overview")["bets"]
    shown = page.locator("#figures dd.value").first
    expect(shown).to_have_text(str(bets))
    shop("POST", "/v1/decide", json={"placement": "offer", "userId": "u-2"})
    expect(shown).to_have_text(str(bets + 1))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible()


def test_a_replay_is_said_to_be_one(sign_in: Callable[..., Page], visit: Visit, shop: Shop) -> None:
    page = sign_in()
    past = {"at": "2026-01-05T18:00:00+01:00", "decisionId": "bet-replayed"}
    shop("POST", "/v1/decide", json={"placement": "offer", "userId": "u-2", **past})
    visit(page, "/")
    expect(page.locator(".sheet")).to_contain_text("This is a replay of what was really bought")
    visit(page, "/bets/bet-replayed")
    expect(page.locator("section.card").first).to_contain_text("replayed")


def test_bets_are_filtered_and_paged_by_the_server(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    won = shop("GET", "/v1/decisions", params={"state": "won", "limit": 25})["decisions"]
    visit(page, "/bets?state=won")
    expect(page.locator("tbody tr")).to_have_count(len(won))
    expect(page.locator("tbody .state")).to_have_text(["won"] * len(won))
    page.get_by_label("State").select_option("any")
    page.get_by_label("Person", exact=True).fill("user_id:u-4")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**person=user_id%3Au-4*")
    expect(page.locator("tbody tr td:nth-child(2)").first).to_have_text("u-4")
    for _ in range(25):
        shop("POST", "/v1/decide", json={"placement": "offer", "userId": "u-9"})
    visit(page, "/bets?placement=offer")
    expect(page.locator("tbody tr")).to_have_count(25)
    newest = page.locator("tbody tr a").first.get_attribute("href")
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**cursor=*")
    assert page.locator("tbody tr a").first.get_attribute("href") != newest
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("tbody tr a").first).to_have_attribute("href", str(newest))


@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_a_bet_opened_shows_its_odds_and_reasons(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, size: str
) -> None:
    page = sign_in(size)
    bet = shop("GET", "/v1/decisions/bet-3")
    choice = bet["choices"][0]
    visit(page, "/bets/bet-3")
    expect(page.get_by_role("heading", level=1)).to_have_text(choice["content"]["title"])
    values = page.locator("section.card").first.locator("dd.value")
    expect(values).to_have_text(
        [
            _percent(choice["propensity"]),
            _percent(choice["expectedReward"]),
            _percent(bet["default"]["expectedReward"]),
            _percent(bet["stake"]),
        ]
    )
    expect(page.locator("main")).to_contain_text(f"drawn from {len(bet['candidates'])} candidates")
    expect(page.locator("main")).to_contain_text(f"settled: {bet['state']}")
    chart = page.get_by_role("img", name="The others and their odds")
    for odds in sorted((one["propensity"] for one in bet["candidates"]), reverse=True)[:8]:
        expect(chart).to_contain_text(_percent(odds))
    words = {"out-of-stock": "out of stock", "not-yet-available": "not available yet",
             "not-due-yet": "bought so lately that it is not needed again yet"}  # fmt: skip
    assert set(bet["dropped"]) == set(words)
    for rule, count in bet["dropped"].items():
        expect(page.locator(".counted")).to_contain_text(f"{count}{words[rule]}")
    page.get_by_text("Ids and features").click()
    expect(page.get_by_text(bet["profileId"])).to_be_visible()


def test_the_bets_of_one_person_are_filtered_too(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    visit(page, "/bets?person=user_id:u-3&state=won&placement=home")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr a").first).to_have_attribute("href", "/console/bets/bet-3")


def test_why_no_more_was_assumed_is_answered(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    asked = {"placement": "home", "userId": "somebody-new", "decisionId": "bet-new"}
    bet = shop("POST", "/v1/decide", json={**asked, "explain": True})
    assert bet["steppedDown"], "nothing is known of somebody new"
    visit(page, "/bets/bet-new")
    expect(page.get_by_role("heading", name=f"Why {bet['level']}, and not more?")).to_be_visible()
    lines = page.locator("#stepped-down li")
    for line, reason in zip(lines.all(), bet["steppedDown"], strict=True):
        level, _, why = reason["text"].removeprefix("not ").partition(": ")
        expect(line.locator(".level")).to_have_text(level)
        expect(line).to_contain_text(why)


def test_charts_come_along_as_data_and_as_picture(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop, tmp_path: Path
) -> None:
    page = sign_in()
    bet = shop("GET", "/v1/decisions/bet-3")
    visit(page, "/bets/bet-3")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the data of: The others").click()
    download.value.save_as(tmp_path / "odds.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "odds.csv").read_text())))
    assert rows[0] == ["item", "odds"]
    odds = sorted((one["propensity"] for one in bet["candidates"]), reverse=True)
    assert [float(row[1]) for row in rows[1:9]] == pytest.approx(odds[:8])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download a picture of: Why").click()
    download.value.save_as(tmp_path / "why.png")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "why.png").stat().st_size > 5000


def test_what_others_wrote_is_text_and_never_markup(
    sign_in: Callable[..., Page], visit: Visit
) -> None:
    page = sign_in()
    visit(page, "/content?q=cheddar")
    expect(page.get_by_text("Cheddar <b>sharp</b>")).to_be_visible()
    assert page.locator("main b", has_text="sharp").count() == 0


def test_content_says_why_something_is_not_shown(
    sign_in: Callable[..., Page], visit: Visit, shop: Shop
) -> None:
    page = sign_in()
    visit(page, "/content?state=unavailable")
    found = shop("GET", "/v1/items", params={"state": "unavailable"})["items"]
    expect(page.locator("tbody tr")).to_have_count(len(found))
    eggs = page.locator("tbody tr").filter(has_text="Free-range eggs")
    expect(eggs).to_contain_text("no: out of stock")
    passata = page.locator("tbody tr").filter(has_text="Tomato passata")
    expect(passata).to_contain_text("no: not before 1 Jan 2100")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/bets/there-is-no-such-bet", "no decision has the id 'there-is-no-such-bet'"),
        ("/people/user_id/nobody", "no profile has the user_id 'nobody'"),
        ("/there/is/no/such/page", "There is no page /console/there/is/no/such/page here"),
    ],
)
def test_what_is_not_there_is_said_in_words(
    sign_in: Callable[..., Page], address: str, path: str, said: str
) -> None:
    page = sign_in(watched=False)
    answer = page.goto(f"{address}/console{path}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("alert")).to_contain_text(said)


def test_the_field_on_top_finds_bets_people_and_items(sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    for wanted, address in (
        ("bet-3", "**/console/bets/bet-3"),
        ("u-1", "**/console/people?q=u-1"),
        ("passata", "**/console/content?q=passata"),
    ):
        page.get_by_role("searchbox").fill(wanted)
        page.keyboard.press("Enter")
        page.wait_for_url(address)


def test_words_stand_beside_their_bars_again_once_there_is_room(
    sign_in: Callable[..., Page], visit: Visit
) -> None:
    page = sign_in("laptop")
    visit(page, "/bets/bet-3")
    word = page.get_by_role("img", name="Why: each reason").locator("text", has_text="Expected")
    expect(word).to_have_attribute("text-anchor", "end")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(word).to_have_attribute("text-anchor", "start")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(word).to_have_attribute("text-anchor", "end")


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/people/user_id/u-5", "u-5 · wager"),
        ("/placements/home", "home, a placement · wager"),
        ("/segments/regulars", "regulars, a segment · wager"),
        ("/honesty", "Honesty · wager"),
    ],
)
def test_tabs_tell_pages_apart(
    sign_in: Callable[..., Page], visit: Visit, path: str, title: str
) -> None:
    page = sign_in()
    visit(page, path)
    expect(page).to_have_title(title)
