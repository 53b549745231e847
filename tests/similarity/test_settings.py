"""Settings compared key by key."""

from __future__ import annotations

import json
import math

from mergealign.similarity.settings import Setting, compare_settings


def test_what_differs_by_path() -> None:
    a = {"hidden_size": 32, "rope": {"theta": 1e4, "kind": "linear"}, "gone": None, "ids": [1, 2]}
    b = {"hidden_size": 32.0, "rope": {"theta": 5e5, "kind": "linear"}, "new": {}, "ids": [1, 3]}
    assert compare_settings(a, b) == (
        Setting("gone", {"a": None}),
        Setting("ids", {"a": [1, 2], "b": [1, 3]}),
        Setting("new", {"b": {}}),
        Setting("rope.theta", {"a": 1e4, "b": 5e5}),
    )


def test_what_is_the_same() -> None:
    assert compare_settings({"torch_dtype": "float16", "eps": 1}, {"dtype": "float16", "eps": 1.0}) == ()
    assert compare_settings({"x": math.nan}, {"x": math.nan}) == ()


def test_true_is_not_one() -> None:
    assert len(compare_settings({"x": True}, {"x": 1})) == 1
    assert len(compare_settings({"x": [{"y": False}]}, {"x": [{"y": 0}]})) == 1


def test_json_without_nan() -> None:
    (setting,) = compare_settings({"x": [{"y": math.inf}]}, {"x": [1.0]})
    assert json.dumps(setting.describe(), allow_nan=False) == '{"key": "x", "a": [{"y": "inf"}], "b": [1.0]}'
