"""Dates, and the ways in which people and machines write them."""

from __future__ import annotations

import random
from datetime import date, timedelta

_HAN = "〇一二三四五六七八九"
STYLES = ("年月日", "spaced", "points", "hyphens", "padded", "han", "slashes")
# Hands write the first three; 二〇一九年 is what letters carry.
HAND = ("年月日", "points", "年月日")


def day_in(rng: random.Random, year: int) -> date:
    """Some day of a year."""
    return date(year, 1, 1) + timedelta(days=rng.randint(0, 364))


def later(rng: random.Random, day: date, most: int = 25) -> date:
    """One of the following days of the same year."""
    return min(day + timedelta(days=rng.randint(1, most)), date(day.year, 12, 31))


def written(day: date, style: str) -> str:
    """A date as it stands on paper."""
    y, m, d = day.year, day.month, day.day
    return {
        "年月日": f"{y}年{m}月{d}日",
        "spaced": f"{y} 年 {m} 月 {d} 日",
        "points": f"{y}.{m}.{d}",
        "hyphens": f"{y}-{m:02d}-{d:02d}",
        "padded": f"{y}年{m:02d}月{d:02d}日",
        "slashes": f"{y}/{m}/{d}",
        "han": f"{_year(y)}年{_small(m)}月{_small(d)}日",
    }[style]


def month(day: date, style: str) -> str:
    """A month as it stands on paper."""
    if style == "han":
        return f"{_year(day.year)}年{_small(day.month)}月"
    return f"{day.year}.{day.month}" if style == "points" else f"{day.year}年{day.month}月"


def han_year(year: int) -> str:
    """二〇一九."""
    return _year(year)


def _year(year: int) -> str:
    return "".join(_HAN[int(c)] for c in str(year))


def _small(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else _HAN[tens] + "十") + (_HAN[ones] if ones or not tens else "")
