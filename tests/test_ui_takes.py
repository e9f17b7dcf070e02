"""Takes, links and hosts without a browser: what is kept, what comes back, who sees it, what programs may call."""

from __future__ import annotations

import json
import os
import re
import sys
import types
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import numpy as np
import pytest
from conftest import build_model
from gradio_client import Client
from gradio_client.exceptions import AppError

import app
from musicgen import audio, links
from musicgen.engine import Engine
from musicgen.patterns import get_pattern
from musicgen.takes import Takes, new_owner
from musicgen.ui import after, arriving, before, handlers, keeping, lent
from musicgen.ui.app import build, launch_options
from musicgen.ui.engines import Engines
from musicgen.ui.run import Run
from musicgen.ui.settings import Settings
from musicgen.ui.shown import Update

MAX_DURATION = 8.0
HERE = "http://here/"
MINE, YOURS = new_owner(), new_owner()


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(["pocket", "small"], MAX_DURATION, lambda *_: Engine(build_model("aligned"), MAX_DURATION))


@pytest.fixture
def takes(tmp_path, monkeypatch) -> Takes:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    return Takes(tmp_path / "data")


@pytest.fixture(scope="module")
def served(engines, tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("served")))
        page = build(engines, Takes(tmp_path_factory.mktemp("data")))
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options(engines))
        yield url
        page.close()


def make(engines: Engines, takes: Takes, owner: str = MINE, stop: bool = False, **settings) -> Update:
    """All updates of one press of Generate, the later over the earlier."""
    run, update = Run(), {}
    for step in handlers.generate(engines, Settings(**settings), run, partial(keeping.keep, takes, owner)):
        update |= step
        if stop and "live" in step:
            run.stop()
    return update


def arrive(engines: Engines, takes: Takes | None, owner: str | None, address: str) -> Update:
    return arriving.arrive(engines, takes, owner, dict(parse_qsl(urlsplit(address).query)))


def settings_of(update: Update) -> Settings:
    return Settings(**{name: update[name] for name in Settings.__dataclass_fields__})


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_a_finished_take_is_kept_and_comes_back_as_it_was(engines, takes):
    made = make(engines, takes, prompt="calm piano", duration=2.0)
    back = arrive(engines, Takes(takes.folder), MINE, f"{HERE}?take={made['take_id']}")
    for name in ("grid", "facts", "recipe"):
        assert back[name] == made[name], name
    assert "<svg" in back["spectrum"] and "asked and heard" in back["pitches"]
    told = [re.findall(r"similarity [-\d.]+|it is [-\d.]+", update["pitches"]) for update in (made, back)]
    assert told[0] == told[1] != []
    heard, kept = (audio.read(update["take"]["value"]).samples for update in (made, back))
    np.testing.assert_allclose(kept, heard, atol=1.5 / 2**15)  # WAV and FLAC round to 16 bits each in its way
    assert "One of your takes" in back["status"] and "owner" not in back
    assert back["prompt"] == "calm piano" and back["duration"] == 2.0


def test_the_settings_that_come_back_make_the_same_take(engines, takes):
    made = make(
        engines, takes, prompt="waltz", duration=2.0, bpm="92,5", key="A minor", drums="without", temperature="0.9",
        pattern="parallel", negative_prompt="noise",
    )
    back = settings_of(arrive(engines, takes, MINE, f"{HERE}?take={made['take_id']}"))
    assert (back.bpm, back.key, back.drums, back.pattern) == ("92.5", "A minor", "without", "parallel")
    again = make(engines, takes, **vars(back))
    assert Path(again["take"]["value"]).read_bytes() == Path(made["take"]["value"]).read_bytes()


def test_a_stopped_take_is_kept_as_far_as_it_went(engines, takes):
    made = make(engines, takes, stop=True, duration=MAX_DURATION)
    take = takes.get(made["take_id"], MINE)
    assert "Stopped" in made["status"] and 0.5 < take.seconds < MAX_DURATION - 1
    back = arrive(engines, takes, MINE, f"{HERE}?take={take.id}")
    assert back["grid"] == made["grid"] and back["duration"] == MAX_DURATION, "the settings are those of the whole"


def test_a_melody_is_drawn_again_and_asked_for_again(engines, takes, tune, tmp_path):
    path = tmp_path / "tune.wav"
    audio.write(path, tune)
    made = make(engines, takes, duration=2.0, melody=str(path), separation="none")
    back = arrive(engines, takes, MINE, f"{HERE}?take={made['take_id']}")
    assert "similarity" in back["pitches"] and "with a melody, which is not kept" in back["status"]
    assert back["melody"] is None and back["separation"] == "none"


def test_what_cannot_be_kept_is_still_heard(engines, takes, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "keep", full)
    made = make(engines, takes, duration=1.0)
    assert "could not be kept" in made["status"] and Path(made["take"]["value"]).is_file()
    assert made["take_id"] == "" and not made["share_row"]["visible"] and made["generate"]["interactive"]


def test_a_database_that_cannot_be_read_is_one_sentence_and_nobody_loses_a_take(engines, takes):
    take = make(engines, takes, duration=1.0)["take_id"]
    database = takes.folder / "takes.db"
    (whole := takes.folder / "whole").write_bytes(database.read_bytes())
    for part in takes.folder.glob("takes.db*"):
        part.write_bytes(b"no database" * 1000)
    for query in ({}, {"take": take}):
        update = arriving.arrive(engines, takes, MINE, query)
        assert "owner" not in update, "the browser keeps its secret"
    assert "cannot be read or changed now" in update["status"]
    assert "cannot be read or changed now" in keeping.listing(takes, MINE, "", None)["kept_note"]
    for part in takes.folder.glob("takes.db*"):
        part.unlink()
    whole.rename(database)
    assert [one.id for one in takes.mine(MINE)[0]] == [take]


def test_a_full_disk_is_one_sentence_and_the_take_is_still_there(engines, takes, monkeypatch):
    made = make(engines, takes, duration=1.0)
    take = takes.get(made["take_id"], MINE)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping.shutil, "copyfile", full)
    for shown in (keeping.panel(takes, MINE, take.id, "first")["kept_first_title"],
                  arriving.arrive(engines, takes, MINE, {"take": take.id})["status"]):
        assert "cannot write a file now (No space left on device); try again" in shown
    monkeypatch.setattr(handlers, "save", lambda result: keeping.served(takes, take))
    assert "cannot write a file now" in make(engines, takes, duration=1.0)["status"]
    assert len(takes.mine(MINE)[0]) == 2, "what could not be shown is kept"


# -- who sees it ------------------------------------------------------------------------------------------------------


def test_a_new_browser_gets_a_secret_and_keeps_it(engines, takes):
    owners = {arriving.arrive(engines, takes, known, {})["owner"] for known in (None, "", "forged", {"a": 1})}
    assert len(owners) == 4
    assert arriving.arrive(engines, takes, owners.pop(), {}) == {}


def test_what_was_set_comes_back_after_a_reload_without_the_words_and_only_if_it_can_be(engines, takes):
    asked = Settings(prompt="mine", duration=3.0, bpm="92.5", drums="without", painting="0.5;m=0;c=", top_k="0")
    back = arriving.arrive(engines, takes, MINE, {}, before.draft(asked))
    assert "prompt" not in back and "status" not in back
    again = settings_of(back | {"prompt": "mine"})
    assert before.draft(again) == before.draft(asked) and again.bpm == "92.5" and again.painting == asked.painting
    for wrong in (Settings(bpm="500"), Settings(chords="H7"), Settings(pattern="0,1,2"), Settings(temperature="-5")):
        with pytest.raises(ValueError):
            before.draft(wrong)
    assert arriving.arrive(engines, takes, MINE, {}, "1.rubbish.") == {}
    take = make(engines, takes, prompt="a", duration=1.0, seed="4")["take_id"]
    linked = arriving.arrive(engines, takes, MINE, {"take": take}, before.draft(asked))
    assert linked["prompt"] == "a" and linked["duration"] == 1.0, "an address has settings of its own"


def test_a_page_that_is_loaded_again_shows_the_take_it_had(engines, takes):
    made = make(engines, takes, prompt="mine", duration=MAX_DURATION, stop=True)
    asked = Settings(prompt="something newer", bpm="92.5")
    back = arriving.arrive(engines, takes, MINE, {}, before.draft(asked))
    assert back["take_id"] == made["take_id"] and back["grid"] == made["grid"] and back["take"]["visible"]
    assert "Your last take." in back["status"] and "prompt" not in back and back["bpm"] == "92.5"
    plain = arriving.arrive(engines, takes, MINE, {})
    assert not set(Settings.__dataclass_fields__) & set(plain), "nothing was set: nothing is"
    assert "take" not in arriving.arrive(engines, takes, YOURS, {})
    link = keeping.share_settings(takes, MINE, made["take_id"], HERE)["link"]["value"]
    assert "take" not in arrive(engines, takes, MINE, link), "an address asks for something else"
    takes.delete(made["take_id"], MINE)
    assert arriving.arrive(engines, takes, MINE, {}) == {}


def test_a_take_that_the_server_has_forgotten_is_found_by_its_id(engines, takes):
    made = make(engines, takes, prompt="a", duration=2.0, bpm="92.5")["shown"]
    assert keeping.found(engines, takes, made, MINE, made.take) is made
    found = keeping.found(engines, takes, None, MINE, made.take)
    assert found.recipe == made.recipe and found.facts == tuple(made.facts) and found.take == made.take
    again = make(engines, takes, **{name: value for name, value in after.again(found).items() if name != "takes"})
    np.testing.assert_array_equal(again["shown"].codes.values, made.codes.values)
    Path(made.file).unlink()
    cleared = keeping.found(engines, takes, made, MINE, made.take)
    assert cleared.asked is made.asked and audio.read(cleared.file).seconds == pytest.approx(2.0, abs=0.1)
    assert keeping.found(engines, takes, None, YOURS, made.take) is None
    assert keeping.found(engines, takes, None, MINE, "") is None
    other = make(engines, takes, prompt="b", duration=1.0)["shown"]
    shown = after.pick([], other.take, lambda take: keeping.found(engines, takes, None, MINE, take))
    assert shown["take_id"] == other.take and shown["take"]["visible"]
    choices = handlers.versions([made, other])["choices"]
    assert [take for _, take in choices] == [made.take, other.take]


def test_buttons_under_a_take_ask_the_browser_which_it_is(engines, takes):
    """All of them are told its id and its owner beside what the server holds."""
    page = build(engines, takes)
    of = {block.elem_id: number for number, block in page.blocks.items() if getattr(block, "elem_id", None)}
    for name in ("again", "anew", "go-on", "as-melody", "save-wav", "save-png", "loop", "lock"):
        fn = next(fn for fn in page.fns.values() if (of[name], "click") in fn.targets)
        kinds = {type(block).__name__ for block in fn.inputs}
        assert {"State", "BrowserState", "Textbox"} <= kinds and not fn.queue, name


def test_a_take_is_private_until_its_link_is_made_and_again_after(engines, takes):
    take = make(engines, takes, duration=1.0)["take_id"]
    address = f"{HERE}?take={take}"
    assert "no such take" in arrive(engines, takes, YOURS, address)["status"]
    assert keeping.share(takes, YOURS, take, HERE)["link"]["visible"] is False
    shared = keeping.share(takes, MINE, take, HERE)["link"]
    assert shared["value"] == address and shared["visible"]
    seen = arrive(engines, takes, YOURS, address)
    assert "Somebody shared" in seen["status"] and seen["take"]["visible"]
    assert keeping.share(takes, YOURS, take, HERE)["link"]["value"] == address, "whoever has it may pass it on"
    assert takes.mine(YOURS) == ([], 0)
    keeping.unshare(takes, YOURS, take, "")
    assert takes.get(take).shared
    told = seen["take"]["value"]
    assert take not in told, "nobody can make up the address of the sound"
    keeping.unshare(takes, MINE, take, "")
    assert "no such take" in arrive(engines, takes, YOURS, address)["status"]
    assert not Path(told).exists()
    mine = keeping.panel(takes, MINE, take, "first")["kept_first_audio"]["value"]
    assert Path(mine).is_file() and not Path(told).exists(), "nor does listening bring it back"


def test_a_link_to_settings_says_that_it_holds_no_audio(engines, takes, tune, tmp_path):
    audio.write(tmp_path / "tune.wav", tune)
    plain = make(engines, takes, duration=1.0)["take_id"]
    sung = make(engines, takes, duration=1.0, melody=str(tmp_path / "tune.wav"), separation="none")["take_id"]
    labels = [str(keeping.share_settings(takes, MINE, take, HERE)["link"]["label"]) for take in (plain, sung)]
    assert "on any copy" in labels[0] and "a link cannot hold" in labels[1]
    links = [keeping.share_settings(takes, MINE, take, HERE)["link"]["value"] for take in (plain, sung)]
    there = [arrive(engines, None, None, link)["status"] for link in links]
    assert "Generate makes the take again" in there[0]
    assert "made with a melody, which a link cannot hold: give the file first" in there[1]
    reopened = keeping.reopen(engines, takes, MINE, sung, None)
    assert "made with a melody, which is not kept: give the file again" in reopened["status"]


def test_the_link_to_settings_works_on_another_host_without_the_take(engines, takes):
    made = make(engines, takes, prompt="큰 북과 피아노", duration=MAX_DURATION, model="small", stop=True)
    link = keeping.share_settings(takes, MINE, made["take_id"], HERE)["link"]["value"]
    assert not takes.get(made["take_id"], MINE).shared
    other = Engines(["pocket"], 4.0, lambda *_: Engine(build_model("aligned"), 4.0))
    there = arrive(other, None, None, link)
    assert (there["prompt"], there["model"], there["duration"]) == ("큰 북과 피아노", "pocket", 4.0)
    assert there["seed"] == str(json.loads(made["recipe"])["seed"])
    assert "small&#x27; is not offered" in there["status"] and "4 seconds at most" in there["status"]
    assert "take" not in there


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("take=", "no such take"),
        ("take=../../takes.db", "no such take"),
        ("take=" + "a" * 22, "no such take"),
        ("recipe=", "cannot be read"),
        ("recipe=1.abc.def", "cannot be read"),
        ("recipe=9.abc.def", "another version"),
        ("recipe=" + "a" * 20_000, "longer than any"),
    ],
)
def test_a_bad_link_is_one_sentence_and_changes_nothing_else(engines, takes, query, sentence):
    update = arriving.arrive(engines, takes, MINE, dict(parse_qsl(query, keep_blank_values=True)))
    assert set(update) == {"status"} and sentence in update["status"] and 'role="alert"' in update["status"]


def test_no_prompt_becomes_html_on_the_way_back(engines, takes):
    take = make(engines, takes, prompt="<img src=x onerror=alert(1)>", duration=1.0)["take_id"]
    shown = keeping.pick(takes, MINE, take)
    assert "<img src=x" not in "".join(str(value) for value in shown.values())


# -- the tab ----------------------------------------------------------------------------------------------------------


def test_the_list_finds_marks_and_deletes(engines, takes):
    piano, drum = (make(engines, takes, prompt=p, duration=1.0)["take_id"] for p in ("calm piano", "loud brass"))

    def listed(search: str = "") -> list[str]:
        return [take for _, take in keeping.listing(takes, MINE, search, None)["kept"]["choices"]]

    assert listed() == [drum, piano] and listed("PIANO") == [piano]
    keeping.mark(takes, MINE, piano, "")
    assert listed() == [piano, drum]
    assert "★ calm piano · 1.0 s · just now" in str(keeping.listing(takes, MINE, "", piano)["kept"])
    copy = Path(keeping.panel(takes, MINE, piano, "first")["kept_first_audio"]["value"])
    assert copy.is_file()
    after = keeping.delete(takes, MINE, piano, "")
    assert listed() == [drum] and not copy.exists() and not list(takes.folder.glob(f"*/{piano}*"))
    assert after["kept"]["value"] is None and after["kept_actions"]["visible"] is False
    assert "No take matches" in keeping.listing(takes, MINE, "flute", None)["kept_note"]
    keeping.delete(takes, MINE, drum, "")
    assert "Nothing here yet" in keeping.listing(takes, MINE, "", None)["kept_note"]


def test_a_comparison_outlives_a_mark_and_a_search_that_finds_it(engines, takes):
    first, second = (make(engines, takes, prompt=p, duration=1.0)["take_id"] for p in ("piano", "pipes"))
    marked = keeping.mark(takes, MINE, first, "")
    assert set(marked) == {"kept_note", "kept", "kept_favourite"}, "the players and the second panel stay as they are"
    found = keeping.listing(takes, MINE, "pi", first, second)
    assert found["kept_other"]["value"] == second and "kept_second_audio" not in found
    lost = keeping.listing(takes, MINE, "piano", first, second)
    assert lost["kept_other"]["value"] == "" and lost["kept_second"]["visible"] is False


def test_two_takes_stand_side_by_side(engines, takes):
    first, second = (make(engines, takes, prompt=p, duration=1.0)["take_id"] for p in "ab")
    both = keeping.pick(takes, MINE, first) | keeping.panel(takes, MINE, second, "second")
    for side, prompt in (("first", "a"), ("second", "b")):
        assert both[f"kept_{side}"]["visible"] and f">{prompt}<" in both[f"kept_{side}_title"]
        assert "<svg" in both[f"kept_{side}_grid"] and Path(both[f"kept_{side}_audio"]["value"]).is_file()
    assert not keeping.panel(takes, MINE, "", "second")["kept_second"]["visible"]


def test_another_owners_take_is_neither_shown_nor_deleted_by_its_id(engines, takes):
    take = make(engines, takes, duration=1.0)["take_id"]
    assert "no such take" in keeping.panel(takes, YOURS, take, "first")["kept_first_title"]
    for change in (keeping.delete, keeping.mark, keeping.unshare):
        change(takes, YOURS, take, "")
    assert not takes.get(take, MINE).favourite
    run = Run()
    assert "tabs" not in keeping.reopen(engines, takes, YOURS, take, run) and not run.replaced
    opened = keeping.reopen(engines, takes, MINE, take, run)
    assert opened["take_id"] == take and opened["generate"]["interactive"]
    assert run.replaced, "what was being made there would write over it"


# -- hosts and programs -----------------------------------------------------------------------------------------------


def test_health_tells_it_is_well(served):
    answer = httpx.get(f"{served}health")
    assert answer.status_code == 200 and answer.json()["status"] == "ok"
    assert set(answer.json()["loaded"]) == {"pocket", "small"}


def test_mcp_lists_exactly_the_public_tools(served):
    listed = httpx.post(
        f"{served}gradio_api/mcp/", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}},
        headers={"Accept": "application/json, text/event-stream"},
    )
    answer = json.loads(re.findall("^data: (.*)$", listed.text, re.M)[-1])
    tools = {tool["name"]: tool for tool in answer["result"]["tools"]}
    assert set(tools) == {"generate", "pattern", "melody", "codebooks"}
    assert "Seconds of music" in tools["generate"]["inputSchema"]["properties"]["duration"]["description"]


def test_mcp_makes_a_take(served):
    called = httpx.post(
        f"{served}gradio_api/mcp/", timeout=60, headers={"Accept": "application/json, text/event-stream"},
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call",
              "params": {"name": "generate", "arguments": {"prompt": "a", "duration": 1.0, "seed": 3}}},
    )
    result = json.loads(re.findall("^data: (.*)$", called.text, re.M)[-1])["result"]
    assert not result.get("isError") and '"seed": 3' in str(result).replace("'", '"')
    assert ".wav" in str(result)


def test_a_program_asks_for_a_pattern(served):
    client = Client(served, verbose=False)
    told = client.predict("0,1,1,2", 4, 3, api_name="/pattern")
    pattern = get_pattern("0,1,1,2", 4)
    assert told["steps"] == [[list(place) for place in step] for step in pattern.steps(3)]
    assert told["step_count"] == len(told["steps"]) == pattern.step_count(3) and told["exact"] is False
    for wrong in (("zigzag", 4, 3), ("delay", 99, 3), ("delay", 4, 10**9)):
        with pytest.raises(AppError, match="pattern|Ask for"):
            client.predict(*wrong, api_name="/pattern")


def test_the_call_in_the_readme_works(served, tmp_path):
    readme = (Path(app.__file__).parent / "README.md").read_text(encoding="utf-8")
    block = re.search(r"\n## API\n.*?```python\n(.*?)```", readme, re.S)[1]
    block = block.replace("http://127.0.0.1:7860", served)
    assert served in block
    names: dict = {}
    exec(compile(block, "README.md", "exec"), names)
    assert audio.read(names["file"]).seconds > 1 and names["recipe"]["seed"] == 7
    assert names["pattern"]["step_count"] == 11
    assert names["tune"]["seconds"] == pytest.approx(3, abs=0.1) and audio.read(names["files"][-1]).seconds > 1


def test_only_who_knows_the_password_comes_in_but_health_answers(engines, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    page = build(engines)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options(engines, ("me", "secret")))
    try:
        assert httpx.get(f"{url}config").status_code == 401
        assert httpx.get(f"{url}health").status_code == 200
        tools = httpx.post(f"{url}gradio_api/mcp/", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
                           headers={"Accept": "application/json, text/event-stream"})
        assert tools.is_client_error, "no back door"
        with pytest.raises(Exception, match="[Ii]nvalid|[Ll]ogin|[Cc]redential"):
            Client(url, verbose=False, auth=("me", "wrong"))
        Client(url, verbose=False, auth=("me", "secret"))
    finally:
        page.close()


def test_programs_wait_in_a_queue_of_their_own(engines, takes):
    functions = build(engines, takes).fns.values()
    (program,) = [fn for fn in functions if fn.api_name == "generate"]
    ours = [fn for fn in functions if fn.concurrency_id == "takes"]
    assert program.concurrency_id == "programs" and program.concurrency_limit == 2
    assert ours and program not in ours


def test_hosts_flags_and_their_environment(monkeypatch, capsys):
    plain = app.parse([])
    assert (plain.auth, plain.queue, plain.data_dir) == (None, 64, str(app.DATA))
    for name, value in {"AUTH": "me:a:b", "QUEUE": "5", "DATA_DIR": "/data", "HOST": "0.0.0.0"}.items():
        monkeypatch.setenv(f"MUSICGEN_{name}", value)
    read = app.parse([])
    assert (read.auth, read.queue, read.data_dir, read.host) == (("me", "a:b"), 5, "/data", "0.0.0.0")
    assert app.parse(["--queue", "7", "--auth", "x:y"]).auth == ("x", "y")
    for wrong in (["--auth", "nobody"], ["--auth", ":x"], ["--queue", "0"]):
        with pytest.raises(SystemExit):
            app.parse(wrong)
        assert wrong[0] in capsys.readouterr().err


def test_a_data_folder_that_cannot_be_is_said_at_the_start(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))  # it is set by the program, too
    with pytest.raises(SystemExit, match="choose another folder"):
        app.main(["--data-dir", str(tmp_path / "file"), "--models", "pocket"])
    assert os.environ["GRADIO_TEMP_DIR"].startswith(str(tmp_path / "served" / "musicgen-studio-")), "one of its own"
    assert list((tmp_path / "served").iterdir()) == [], "and it goes with the program"


def test_a_lent_gpu_is_asked_for_only_where_gpus_are_lent(monkeypatch):
    def work() -> int:
        return 1

    assert lent.on_gpu(work) is work
    asked = []
    spaces = types.ModuleType("spaces")
    spaces.__spec__ = types.SimpleNamespace(name="spaces")
    spaces.GPU = lambda duration: lambda function: asked.append((duration, function)) or function
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    assert lent.on_gpu(work) is work and asked == []
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    lent.on_gpu(work)
    assert asked == [(lent.GPU_SECONDS, work)]


def test_links_and_controls_agree_on_every_setting(engines):
    asked = Settings(
        prompt="a", model="small", duration=3.0, seed="12", pattern="0,1,2,3", separation="none", follow_plan=False,
        melody_strength=1.5, bars="8",
        temperature="0.7", top_k="9", top_p="0.5", guidance="2.5", prior="0.5", negative_prompt="b", greedy=True,
    )
    request, model = links.decode(links.encode(links.describe(asked.request(), asked.model)))
    filled, notes = keeping.fill(engines, request, model)
    assert Settings(**filled).request() == asked.request() and model == "small" and notes == []
