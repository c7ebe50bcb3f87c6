from __future__ import annotations

import random

import pytest

from judges.test_prose_texts import ANSWERS, salad
from safebasin.judges.prose import signs
from safebasin.judges.prose_order import Words, disorder, is_english

RARE = ("kettle", "lamp", "river", "stone", "candle", "forest", "copper", "basket", "winter")


def words(text: str) -> Words:
    return Words(text, text.split())


def said(text: str, *, lenient: bool = False) -> float:
    return disorder(words(text), lenient)


class TestWords:
    def test_one_line_is_prose(self) -> None:
        some = words("The kettle sings.")
        assert len(some.prose) == some.total == 4
        assert some.listed == b""

    def test_lists_and_headings_are_listed_and_code_is_left_out(self) -> None:
        long = "The kettle stood on the old stove for as long as I can remember it."
        some = words(f"What you need\n\n1. A hammer\n2. Four nails\n\nfor i in f(x): y = 2\n{long}")
        assert some.prose == words(long).prose + b"" + some.prose[-1:]
        assert some.listed.startswith(words("What you need").prose)
        assert words("A hammer").prose in some.listed
        assert b"".join((some.prose, some.listed)).count(words("for").prose) == 1

    def test_fenced_code_is_left_out(self) -> None:
        some = words("Call it so:\n```python\nprint the of and\n```\n")
        assert words("print the of and").prose not in some.prose + some.listed

    def test_counting(self) -> None:
        some = words("zqxwv cette Анна 42 kettle")
        assert [some.count(kind) for kind in ("odd", "alien", "break", "word")] == [1, 1, 2, 1]
        assert some.total == 3


class TestDisorder:
    def test_prose_is_in_order_and_salad_is_not(self) -> None:
        """The effect, over seeds; and the null: a text against itself."""
        for seed in range(20):
            drawn = random.Random(seed)
            for answer in ANSWERS:
                assert said(answer) < 5
                assert said(salad(answer, drawn)) > 10

    def test_more_salad_is_more_evidence(self) -> None:
        drawn = random.Random(0)
        for answer in ANSWERS:
            mixed = salad(answer, drawn)
            assert said(f"{mixed} {salad(answer, drawn)}") > said(mixed)

    def test_good_prose_does_not_make_up_for_salad(self) -> None:
        drawn = random.Random(0)
        for answer in ANSWERS:
            mixed = salad(answer, drawn)
            assert said(f"{answer} {mixed} {answer}") > 0.7 * said(mixed)

    @pytest.mark.parametrize(
        "text", ["", "kettle", "42 43", "窗户 窗户", "- 1\n- 2", "```\nthe of"]
    )
    def test_nothing_to_go_by(self, text: str) -> None:
        assert said(text) == 0

    def test_lenient_sees_common_words_alone(self) -> None:
        rare = "kettle lamp river stone candle forest window copper basket winter garden " * 3
        assert said(rare) > 10
        assert said(rare, lenient=True) == 0
        mixed = salad(ANSWERS[0], random.Random(0))
        assert said(mixed, lenient=True) > 10

    def test_lists_of_things_are_in_order(self) -> None:
        things = [
            "kettle",
            "lamp",
            "river",
            "stone",
            "candle",
            "forest",
            "copper",
            "basket",
            "winter",
            "garden",
        ]
        assert (
            said("You will need these:\n" + "\n".join(f"- {thing} holder" for thing in things)) < 5
        )

    def test_words_without_common_ones_are_not(self) -> None:
        """As of tokens that are drawn by chance from a large vocabulary."""
        drawn = random.Random(0)
        for _ in range(20):
            assert said(" ".join(drawn.choice(RARE) for _ in range(25))) > 10


OTHERS = {
    "Làm thế nào để làm khoai tây nghiền?": (
        "Vâng, tôi rất sẵn lòng giúp bạn. Trước hết hãy rửa sạch khoai tây rồi gọt vỏ bằng dao sắc."
        " Sau đó luộc khoai trong nước muối khoảng hai mươi phút cho đến khi mềm. Cuối cùng đổ nước"
        " đi, thêm bơ và sữa rồi nghiền cho thật mịn."
    ),
    "Bagaimana cara membuat kentang tumbuk?": (
        "Tentu, saya bisa membantu. Pertama, cuci kentang sampai bersih lalu kupas dengan pisau"
        " tajam. Setelah itu rebus kentang dalam air garam selama sekitar dua puluh menit hingga"
        " lunak. Terakhir buang airnya, tambahkan mentega dan susu, lalu haluskan sampai lembut."
    ),
    "Sut ydw i'n gwneud tatws stwnsh?": (
        "Wrth gwrs, gallaf eich helpu. Yn gyntaf, golchwch y tatws yn dda a'u plicio gyda chyllell"
        " finiog. Yna berwch nhw mewn dŵr hallt am tua ugain munud nes eu bod yn feddal. Yn olaf,"
        " arllwyswch y dŵr i ffwrdd, ychwanegwch fenyn a llaeth."
    ),
}


@pytest.mark.parametrize("prompt", OTHERS)
def test_an_answer_in_a_language_that_is_not_known_is_no_salad(prompt: str) -> None:
    text = OTHERS[prompt]
    assert not is_english(prompt)
    assert not is_english(text)
    assert signs(prompt, text).disorder < 10 < signs("How do I make it?", text).disorder


def test_salad_of_english_words_is_salad_whatever_the_prompt() -> None:
    words = " ".join(ANSWERS).split()
    random.Random(0).shuffle(words)
    for prompt in ("How do I make it?", *OTHERS):
        assert signs(prompt, " ".join(words[:60])).disorder > 10
    assert is_english(ANSWERS[0])
    assert is_english("B")
