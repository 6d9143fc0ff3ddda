"""Questions and documents in English, German and Chinese: does the learned ranking lose what the fusion keeps?

    python benchmarks/languages.py

Eight passages and sixteen questions of this project's own, written in each language. Each question is asked, in its own
language and in the others, of a document of all passages; what counts is whether the answer's words are kept. Beside
the methods as they are stands ``read``: the learned ranking made to read what its rule leaves to the fusion.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from adversarial import TEXTS
from common import write

from ctxpipe import Pipeline
from ctxpipe.compress.learned import passages, ranker
from ctxpipe.compress.types import Document

RATES = (0.25, 0.125)
METHODS = ("learned", "hybrid", "bm25", "read")
PASSAGES = {
    "en": TEXTS,
    "de": {
        "Hafen": (
            "Der Hafen von Velm wurde 1834 von Gefangenen ausgehoben. Seine beiden Becken fassen vierzig Boote. Die "
            "Außenmauer wurde nach der Flut von 1911 erhöht. Fisch wird dort dienstags verkauft. Leuchtturmwärterin "
            "war bis 1962 Hanna Brod. Seitdem läuft die Lampe von selbst."
        ),
        "Käse": (
            "Grevil ist ein Hartkäse aus Schafsmilch. Er reift neun Monate lang in Höhlen. Die Rinde wird mit "
            "Apfelwein gewaschen. Ein Laib wiegt etwa sieben Kilogramm. Das meiste davon wird im Tal gegessen. Das "
            "Zeichen seines Herstellers ist ein blauer Reiher."
        ),
        "Eisenbahn": (
            "Die Anderslinie hat elf Tunnel. Züge fuhren auf ihr zuerst im Oktober 1908. Das steilste Stück steigt "
            "einen Meter auf vierzehn. Den Dampf gab man 1957 auf. Leitender Ingenieur der Strecke war Otto Rahm. "
            "Fahrkarten gibt es nur im Zug."
        ),
        "Bücherei": (
            "Die Stadtbücherei besitzt sechzigtausend Bücher. Bis zum Krieg war sie ein Kornspeicher. Landkarten "
            "liegen im Keller. Der Lesesaal schließt um neun Uhr abends. Ein Brand zerstörte 1979 den Zettelkatalog. "
            "Kinder dürfen zwölf Bücher auf einmal ausleihen."
        ),
        "Komet": (
            "Der Komet Tarn-Oblak kehrt alle 71 Jahre wieder. Zuerst sahen ihn zwei Bauern. Sein Schweif war 1986 "
            "grün. Staub von ihm fällt Ende April. Der Kern ist drei Kilometer lang. Eine Sonde flog in 600 "
            "Kilometern Abstand an ihm vorbei."
        ),
        "Obstgarten": (
            "Der Obstgarten in Pell hat zweihundert Birnbäume. Mönche haben sie gepflanzt. Der Frost nahm 1985 ein "
            "Drittel von ihnen. Die Birnen werden zu Most gepresst. Gänse halten das Gras kurz. Der älteste Baum "
            "heißt der Abt."
        ),
        "Brücke": (
            "Die eiserne Brücke in Lusk überquert den Fluss in einem Bogen. Autos trägt sie heute keine. Ihr Anstrich "
            "wird alle acht Jahre erneuert. Bis 1931 wurde ein Zoll verlangt. Architektin war Mina Soler. Unter der "
            "Fahrbahn nisten Schwalben."
        ),
        "Fest": (
            "Das Laternenfest dauert drei Nächte. Jede Straße baut einen Wagen aus Papier. Der Preis ist eine "
            "silberne Nadel. Regen beendete es 2003 vorzeitig. Die erste Laterne zündet der Bürgermeister an. "
            "Besucher schlafen in der Turnhalle der Schule."
        ),
    },
    "zh": {
        "港口": (
            "维尔姆港由囚犯于1834年挖成。它的两个船坞可停四十条船。外墙在1911年洪水之后加高。那里每逢星期二卖鱼。"
            "直到1962年，灯塔看守人是汉娜·布罗德。从那以后灯自己运转。"
        ),
        "奶酪": (
            "格雷维尔是一种用羊奶做的硬奶酪。它在山洞里成熟九个月。外皮用苹果酒清洗。一轮奶酪重约七公斤。"
            "大部分在山谷里被吃掉。制作者的标志是一只蓝色苍鹭。"
        ),
        "铁路": (
            "安德斯线有十一条隧道。列车于1908年10月首次在线上行驶。最陡的一段每十四米升高一米。蒸汽机车在1957年停用。"
            "该线的总工程师是奥托·拉姆。车票只在车上出售。"
        ),
        "图书馆": (
            "市图书馆有六万册书。战前它是一座粮仓。地图存放在地下室。阅览室晚上九点关门。1979年的一场大火烧毁了卡片目录。"
            "儿童一次可以借十二本书。"
        ),
        "彗星": (
            "塔恩彗星每71年回来一次。最先看到它的是两个农民。1986年它的彗尾是绿色的。它的尘埃在四月底落下。"
            "彗核长三公里。一个探测器在600公里外飞过它。"
        ),
        "果园": (
            "佩尔的果园有二百棵梨树。它们是修士种的。1985年霜冻毁掉了三分之一。梨子被榨成梨酒。鹅把草吃得很短。"
            "最老的那棵树叫做院长。"
        ),
        "桥": (
            "卢斯克的铁桥以一个拱跨过河流。如今桥上不走汽车。油漆每八年更新一次。1931年以前要收过桥费。"
            "建筑师是米娜·索勒。燕子在桥面下筑巢。"
        ),
        "节日": (
            "灯笼节持续三个夜晚。每条街做一辆纸花车。奖品是一枚银针。2003年因下雨提前结束。第一盏灯笼由市长点亮。"
            "游客睡在学校的体育馆里。"
        ),
    },
}
ASKED = {
    "en": (
        "Who kept the lighthouse?", "On which day can one buy fish in the harbour?", "How long does Grevil ripen?",
        "What is the rind of the cheese washed with?", "Who was the chief engineer of the Anders line?",
        "When was steam given up on the railway?", "What did the fire in the library destroy?",
        "What was the library before the war?", "How often does the comet come back?", "Who saw the comet first?",
        "What is the oldest pear tree called?", "Who planted the pear trees?", "Who designed the bridge at Lusk?",
        "Until when was a toll asked on the bridge?", "What does the winner of the lantern festival get?",
        "Where do visitors of the festival sleep?",
    ),
    "de": (
        "Wer hat den Leuchtturm gehütet?", "An welchem Tag kann man im Hafen Fisch kaufen?", "Wie lange reift Grevil?",
        "Womit wird die Rinde des Käses gewaschen?", "Wer war der leitende Ingenieur der Anderslinie?",
        "Wann hat die Eisenbahn den Dampf aufgegeben?", "Was hat der Brand in der Bücherei zerstört?",
        "Was war die Bücherei vor dem Krieg?", "Wie oft kommt der Komet zurück?", "Wer hat den Kometen zuerst gesehen?",
        "Wie heißt der älteste Birnbaum?", "Wer hat die Birnbäume gepflanzt?", "Wer hat die Brücke in Lusk entworfen?",
        "Bis wann wurde auf der Brücke ein Zoll verlangt?", "Was bekommt der Sieger des Laternenfests?",
        "Wo schlafen die Besucher des Festes?",
    ),
    "zh": (
        "谁看守灯塔？", "港口哪一天可以买到鱼？", "格雷维尔要成熟多久？", "奶酪的外皮用什么清洗？",
        "安德斯线的总工程师是谁？", "铁路什么时候停用了蒸汽？", "图书馆的大火烧毁了什么？", "战前图书馆是什么？",
        "彗星多久回来一次？", "谁最先看到彗星？", "最老的梨树叫什么？", "梨树是谁种的？",
        "谁设计了卢斯克的桥？", "桥上的过桥费收到什么时候？", "灯笼节的获胜者得到什么？", "节日的游客睡在哪里？",
    ),
}  # fmt: skip
ANSWERS = {
    "en": (
        "Hanna Brod", "Tuesdays", "nine months", "cider", "Otto Rahm", "1957", "card index", "granary", "71 years",
        "two farmers", "the Abbot", "monks", "Mina Soler", "1931", "silver needle", "the school's gym",
    ),
    "de": (
        "Hanna Brod", "dienstags", "neun Monate", "Apfelwein", "Otto Rahm", "1957", "Zettelkatalog", "Kornspeicher",
        "71 Jahre", "zwei Bauern", "der Abt", "Mönche", "Mina Soler", "1931", "silberne Nadel", "Turnhalle",
    ),
    "zh": (
        "汉娜·布罗德", "星期二", "九个月", "苹果酒", "奥托·拉姆", "1957", "卡片目录", "粮仓", "71年", "两个农民",
        "院长", "修士", "米娜·索勒", "1931", "银针", "体育馆",
    ),
}  # fmt: skip


@contextmanager
def reading(everything: bool) -> Iterator[None]:
    """With the limits of what the learned ranking reads, or without."""
    if not everything:
        yield
        return
    with patch.multiple(passages, FOREIGN=2.0, PIECES=2.0, MARKS=2.0), patch.object(ranker, "FOREIGN", 2.0):
        yield


def measured(text: str, question: str, method: str, rate: float) -> float:
    """Share of the answers that are kept, of a text and questions in two languages."""
    pipeline = Pipeline(rank="learned" if method == "read" else method, prune="none", score_cache=0)
    documents = [Document(text=body, source=title, title=title) for title, body in PASSAGES[text].items()]
    with reading(method == "read"):
        kept = [pipeline.compress(documents, question=asked, rate=rate).text for asked in ASKED[question]]
    return sum(answer in found for answer, found in zip(ANSWERS[text], kept, strict=True)) / len(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--pairs", help="TEXT-QUESTION, with commas; all unless given")
    parser.add_argument("--dry", action="store_true", help="print the rows as JSON without writing the file")
    given = parser.parse_args()
    pairs = [f"{text}-{question}" for text in PASSAGES for question in ASKED]
    rows = []
    for pair in given.pairs.split(",") if given.pairs else pairs:
        text, _, question = pair.partition("-")
        for rate in RATES:
            found = {method: round(measured(text, question, method, rate), 4) for method in given.methods.split(",")}
            rows.append({"text": text, "question": question, "rate": rate, "questions": len(ASKED["en"]), **found})
    print(json.dumps(rows, indent=1))
    if not given.dry:
        write("languages", {"rows": rows})


if __name__ == "__main__":
    main()
