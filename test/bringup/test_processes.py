import signal
import sys
import time

from mme_ilqr_ros.bringup.processes import start, stop_all

PATIENT = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
print("[INFO] up", flush=True)
time.sleep(60)
"""
STUBBORN = PATIENT.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")


def python(code, folder, name="child"):
    return start(name, [sys.executable, "-c", code], {}, folder)


def lines_until_the_end(process, seconds=20.0):
    lines, deadline = [], time.monotonic() + seconds
    while not process.has_ended() and time.monotonic() < deadline:
        lines += process.new_lines()
        time.sleep(0.01)
    return lines


def test_log_lines_are_read_with_their_severity_and_kept_in_a_file(tmp_path):
    process = python("print('[WARN] careful\\n[INFO] fine')", tmp_path)
    assert lines_until_the_end(process) == [("WARN", "careful"), ("INFO", "fine")]
    assert process.status == 0
    assert (tmp_path / "child.log").read_text() == "[WARN] careful\n[INFO] fine\n"


def test_a_traceback_counts_as_an_error(tmp_path):
    process = python("raise SystemExit('no')", tmp_path)
    assert lines_until_the_end(process) == [("ERROR", "no")]
    assert process.status == 1


def test_all_are_asked_to_stop_and_those_that_will_not_are_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("mme_ilqr_ros.bringup.processes.GRACE", 1.0)
    processes = [python(code, tmp_path, code[-9:]) for code in (PATIENT, STUBBORN)]
    for process in processes:
        while not list(process.new_lines()):
            time.sleep(0.01)
    stop_all(processes)
    assert [process.has_ended() for process in processes] == [True, True]
    assert [process.status for process in processes] == [0, -signal.SIGKILL]
