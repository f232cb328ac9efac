"""People for the demonstration: valid numbers, plausible names, none of them anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from stdnum.cn import ric, uscc

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = (
    "建国",
    "晓梅",
    "志强",
    "雪",
    "文博",
    "立新",
    "思远",
    "海燕",
    "明哲",
    "静怡",
    "学军",
    "若兰",
    "子昂",
    "慧",
    "一鸣",
)
DISTRICT_CODES = ("110101", "110102", "110105", "110106", "110108", "110112")


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person: the identity that the identity provider knows, and what the person states about themselves."""

    person: str
    name: str
    id_number: str
    phone: str


@dataclass(slots=True)
class People:
    """Makes people, one after the other, the same for the same seed."""

    seed: int
    made: list[Somebody] = field(default_factory=list[Somebody])
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)  # noqa: S311 - no secret is made here

    def somebody(self, name: str = "", born: int = 0) -> Somebody:
        """Make a person born in a year (a random one of working age otherwise)."""
        pick = self._random
        year = born or pick.randint(1968, 1994)
        digits = f"{pick.choice(DISTRICT_CODES)}{year}{pick.randint(1, 12):02d}{pick.randint(1, 28):02d}"
        digits += f"{pick.randint(1, 999):03d}"
        somebody = Somebody(
            person=self.identity(),
            name=name or pick.choice(SURNAMES) + pick.choice(GIVEN),
            id_number=digits + ric.calc_check_digit(digits + "0"),
            phone=f"138{pick.randint(0, 99_999_999):08d}",
        )
        self.made.append(somebody)
        return somebody

    def identity(self) -> str:
        """Make an identity as an identity provider would give one."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def credit_code(self) -> str:
        """Make a valid unified social credit code of a unit in Beijing."""
        body = "12110000" + "".join(self._random.choice("0123456789") for _ in range(9))
        return body + uscc.calc_check_digit(body + "0")
