"""Certificates as PDF/A, every field of each different from the last, by the processor time they take."""

from __future__ import annotations

import sys
import time
from datetime import date, timedelta

from bench.bodies import code
from bench.rows import Row
from libs.kernel.terms import Level
from services.certificate.document.render import CertificateFields, render

WARM = 3
PAGES = 100
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "明华建国志强秀英丽娟晓东文博雨涵子轩思远佳怡"
TRADES = ("建筑工程", "机械制造", "电子信息", "生物医药", "环境保护", "交通运输", "材料科学", "测绘地理信息")


async def document() -> list[Row]:
    """Render certificates. All threads of the process count, so that the rate is that of one core."""
    for number in range(WARM):
        render(_fields(number))
    begun, used = time.perf_counter(), time.process_time()
    size = 0
    for number in range(WARM, WARM + PAGES):
        made = render(_fields(number))
        if made.missing_glyphs or not made.content.startswith(b"%PDF"):
            raise RuntimeError(f"certificate {number} was not rendered")
        size += len(made.content)
    used, took = time.process_time() - used, time.perf_counter() - begun
    print(f"  {PAGES} certificates in {took:.1f} s, {size / PAGES / 1024:.0f} KiB each", file=sys.stderr)
    return [Row("certificate PDF, per second and core", PAGES / used, "PDF/s", floor=30)]


def _fields(number: int) -> CertificateFields:
    on = date(2024, 1, 1) + timedelta(days=number)
    trade = TRADES[number % len(TRADES)]
    name = SURNAMES[number % len(SURNAMES)] + GIVEN[number * 3 % len(GIVEN)] + GIVEN[number * 7 % len(GIVEN)]
    return CertificateFields(
        number=f"BJ2026{number:010d}",
        code=code(number),
        name=name,
        id_kind="居民身份证",
        id_number=f"11010519{number % 10_000:04d}{number * 37 % 10_000:04d}12",
        series=f"工程技术系列第{number}组",
        specialty=f"{trade}{number}",
        level=list(Level)[number % len(Level)],
        title_name=f"{trade}高级工程师{number}",
        obtained_on=on,
        issued_on=on + timedelta(days=30),
        issuer=f"北京市人力资源和社会保障局第{number}处",
        address=f"https://zc.example.cn/verify?code={code(number)}",
        site=f"zc{number}.example.cn/verify",
        committee=f"北京市工程技术系列（{trade}）高级职称评审委员会第{number}届",
        basis=f"京人社专技字〔2026〕{number}号",
        remark=f"第{number}次评审",
    )
