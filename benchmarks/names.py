"""Names and handles as a campus has them, and what is typed to find people by them.

Made up from first and last names of many cultures, some of them compound, derived or written in
their own script. Common ones are common; rare ones are many: 100,000 people have about 20,000
different words in their names.
"""

# ruff: noqa: RUF001 - names look as their languages write them

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from divan_core.accounts.handles import skeleton
from divan_core.discovery.folding import words

NamedPerson = tuple[str, str]
"""A handle and a display name."""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES: Final = _listed(
    """
    Maria Anna Sofia Emma Olivia Mia Léa Chloé Zoë Camille Juliette Océane Anaïs Noémie Inès Élise
    Hélène Amélie Jürgen Jörg Björn Günther Käthe Lukas Leon Finn Jonas Felix Maximilian Paul
    Moritz Greta Frieda Lars Søren Bjørn Åse Øyvind Håkon Ingrid Freya Astrid Sigrún Þóra Guðrún
    Ólafur Einar Jón Mikael Aino Väinö Eero Jaakko Päivi Łukasz Małgorzata Agnieszka Katarzyna
    Tomasz Zbigniew Wojciech Jiří Ondřej Zdeněk Tereza Eliška Matěj István László György Zsófia
    Eszter Ágnes Ștefan Ioana Andrei Mihai Crina Radu Ivan Dmitri Natalia Tatiana Oleksandr
    Svitlana Vladimir Boris Olga Irina Milan Dragan Željko Šime Đorđe Ana Marko Luka Petra Maja
    Giorgos Eleni Nikolaos Dimitra Katerina Konstantinos Mehmet Ayşe Çağla Gülşen İbrahim Işıl
    Ömer Şule Yiğit Emre Zeynep Deniz Cem Arman Gayane Hrach Nino Levan Tamar Giorgi Omar Fatima
    Ahmed Aisha Yusuf Khadija Hassan Leila Tariq Noor Samir Amina Karim Rania Bilal Zainab Mustafa
    Reza Shirin Darius Parisa Kian Laleh Siavash Nasrin David Sarah Noa Avi Yael Eitan Tamir Shira
    Raj Priya Arjun Ananya Rohan Kavya Vikram Lakshmi Sanjay Deepa Aditya Meera Harpreet Gurpreet
    Simran Nimal Chaminda Tashi Dorji Wei Li Jing Fang Ming Xiu Yan Hui Mei Jun Hao Lin Hiroshi
    Yuki Haruto Sakura Kenji Aiko Takumi Emi Ren Minji Jiho Seoyeon Hyun Dongwook Eunji Nguyệt
    Thảo Đức Tuấn Linh Quang Hương Bảo Somchai Ploy Anong Budi Siti Dewi Agus Putri Rizal Maricel
    Jomar Tala Kofi Ama Kwame Akosua Chinedu Ngozi Adaeze Emeka Oluwaseun Folasade Babatunde
    Temitope Thabo Lerato Sipho Nomvula Tendai Rudo Wanjiru Kamau Achieng Otieno Amani Zawadi
    Mamadou Fatou Ousmane Aminata Abebe Tigist Dawit Selam Tariku Santiago Valentina Mateo Ximena
    Íñigo Begoña José Joaquín Lucía Martín Nicolás Andrés Raúl Verónica Guadalupe João Inês
    Conceição Thiago Luísa Caetano Francesca Giovanni Niccolò Chiara Matteo Giulia Lorenzo
    Alessandra William James Oliver George Harry Charlotte Amelia Isla Siobhán Niamh Ciarán Aoife
    Róisín Pádraig Rhys Cerys Angharad Hamish Eilidh Jack Ethan Mason Ava Harper Madison Logan
    Tyler Brandon Ashley Jessica Michael Christopher Elizabeth Jennifer Katherine Leilani Keanu
    Moana Aroha Tāne Kiri Nayeli Itzel Quetzal
    """
)
"""The common ones of each culture, beginning with the most common of all."""

LAST_NAMES: Final = _listed(
    """
    Smith García Müller Wang Kim Nguyễn Singh Silva Rossi Martin Johansson Kowalski Novák Nagy
    Popescu Ivanov Papadopoulos Yılmaz Khan Ali Cohen Patel Sharma Li Zhang Chen Liu Tanaka Suzuki
    Park Lee Trần Lê Phạm Santos Cruz Mensah Okafor Adeyemi Dlamini Mwangi Diallo Tesfaye
    Rodríguez Hernández López Núñez Muñoz Peña Ibáñez Gonçalves Magalhães Araújo Esposito Ferrari
    Bianchi D'Angelo Dubois Lefèvre Béranger Châtelain Fournier O'Brien O'Connor MacDonald
    Llewellyn Jones Schröder Groß Weiß Jäger Köhler Straßer Østergård Sørensen Åkerström Lindqvist
    Bergström Þórsson Virtanen Hämäläinen Wójcik Dąbrowski Żuk Śliwa Čapek Dvořák Říha Šťastný
    Horváth Szőke Kőszegi Țurcanu Ionescu Petrov Sokolov Kovalenko Shevchenko Jovanović Đurić
    Hadžić Žižek Karamanlis Öztürk Şahin Çelik Özdemir Aydın Petrosyan Sargsyan Beridze Abadi
    Hosseini Karimi Tehrani Haddad Khoury Nasser Mansour Levi Mizrahi Friedman Iyer Nair Reddy
    Chowdhury Banerjee Kaur Perera Gurung Tamang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Luo
    Gao Lin Sato Watanabe Ito Yamamoto Nakamura Kobayashi Ōno Choi Jung Kang Cho Yoon Jang Võ Đặng
    Bùi Đỗ Hồ Ngô Dương Suwannarat Wongsakul Wijaya Santoso Halim Reyes Bautista Villanueva Owusu
    Boateng Nkrumah Eze Nwosu Balogun Afolabi Zulu Ndlovu Khumalo Moyo Odhiambo Kariuki Traoré
    Keïta Cissé Ndiaye Bekele Alemu Haile Walker Taylor Brown Wilson Clarke Wright Turner Hughes
    Edwards Baker Cooper Murphy Kelly Byrne Campbell Stewart Robertson Fraser Begay Kealoha Tupou
    Ngata Mamani Quispe Condori
    """
)
"""As above; the forms that are derived from their beginnings make up the rare ones."""

ENDINGS: Final = _listed(
    """
    son sen sson dóttir ov ova ev eva in ina ski ska cki cka ak ek enko chuk ić vić ović ič escu
    eanu oiu idis akis opoulos oglu oğlu zade zadeh pour nejad yan ian dze shvili vili stein berg
    feld mann bach wald hoff meyer ström gren lund kvist dahl gård wood ton ley ford field worth
    ham by well ridge ez es az iz ino ini etti elli ucci one aux eau ier ois ard nen lainen mäki
    wala kar pur nath das murthy swamy
    """
)
"""What languages put behind the beginning of a name."""

TENDER: Final = ("ka", "inha", "ito", "ette", "lyn", "chen", "ko", "isha", "elle", "ina")
"""What makes a first name a rarer one."""

OWN_SCRIPTS: Final = tuple(
    tuple(one.split("|"))
    for one in _listed(
        """
        Мария|Иванова|maria.ivanova
        Дмитрий|Соколов|dmitri.sokolov
        Олександр|Шевченко|oleksandr.shevchenko
        Светлана|Кузнецова|svetlana.kuznetsova
        Георги|Димитров|georgi.dimitrov
        Ђорђе|Јовановић|djordje.jovanovic
        Ελένη|Παπαδοπούλου|eleni.papadopoulou
        Γιώργος|Καραμανλής|giorgos.karamanlis
        محمد|الحداد|mohamed.alhaddad
        فاطمة|الزهراء|fatima.alzahra
        یاسمن|حسینی|yasaman.hosseini
        שירה|כהן|shira.cohen
        אבנר|לוי|avner.levi
        प्रिया|शर्मा|priya.sharma
        अर्जुन|पटेल|arjun.patel
        அனன்யா|சுப்பிரமணியம்|ananya.subramaniam
        নাজমা|চৌধুরী|nazma.chowdhury
        สมชาย|วงศ์สกุล|somchai.wongsakul
        ნინო|ბერიძე|nino.beridze
        Գայանե|Պետրոսյան|gayane.petrosyan
        王|小明|xiaoming.wang
        张|伟|wei.zhang
        李|娜|na.li
        陳|美玲|meiling.chen
        田中|さくら|sakura.tanaka
        佐藤|健二|kenji.sato
        タナカ|ユキ|yuki.tanaka
        김|민지|minji.kim
        박|지호|jiho.park
        ሰላም|ተስፋዬ|selam.tesfaye
        """
    )
)
"""First name, last name and the beginning of a handle, as some prefer to be written."""

OWN_SCRIPT_SHARE: Final = 0.04
COMMON_SHARE: Final = 0.8
"""How many bear one of the common last names; for a first name it is more."""

PREFIXES: Final = 0.7
WHOLE: Final = 0.2

_LONGEST_HANDLE: Final = 30
_SHORTEST_SLIP: Final = 5


def people(count: int, seed: int = 1) -> Iterator[NamedPerson]:
    """Handles that no two look alike, and display names; the same for the same seed."""
    chance, taken = random.Random(seed), set[str]()
    first_names = _weights(len(FIRST_NAMES))
    last_names = _weights(len(LAST_NAMES))
    for _ in range(count):
        if chance.random() < OWN_SCRIPT_SHARE:
            first, last, start = chance.choice(OWN_SCRIPTS)
            name = f"{last}{first}" if len(last) == 1 else f"{first} {last}"
        else:
            first = _first(chance, chance.choices(FIRST_NAMES, cum_weights=first_names)[0])
            last = _last(chance, chance.choices(LAST_NAMES, cum_weights=last_names)[0])
            name, start = _written(chance, first, last)
        yield _handle(chance, start, taken), name


def queries(count: int, seed: int, people: Sequence[NamedPerson]) -> list[str]:
    """What is typed: prefixes of 2 to 6 letters, whole names, and words with one slip."""
    chance = random.Random(seed)
    return [_query(chance, people) for _ in range(count)]


def slip(chance: random.Random, word: str) -> str:
    """The word with one edit: a letter inserted, deleted, replaced, or swapped with the next."""
    edits: tuple[Callable[[random.Random, str], str], ...] = (_insert, _delete, _replace, _swap)
    while (other := chance.choice(edits)(chance, word)) == word:
        pass
    return other


def _weights(count: int) -> list[float]:
    """How often each is met, added up: the tenth a third as often as the first."""
    return list(itertools.accumulate(1 / (rank + 4) ** 0.8 for rank in range(count)))


def _first(chance: random.Random, name: str) -> str:
    at = chance.random()
    if at < 0.85:
        return name
    if at < 0.97:
        return name.rstrip("aeiou") + chance.choice(TENDER)
    return f"{name}-{chance.choice(FIRST_NAMES)}"


def _last(chance: random.Random, name: str) -> str:
    if chance.random() < COMMON_SHARE:
        return name
    stem = chance.choice(LAST_NAMES + FIRST_NAMES)
    return stem[: chance.randint(3, 6)].rstrip("'") + chance.choice(ENDINGS)


def _written(chance: random.Random, first: str, last: str) -> tuple[str, str]:
    """A display name, and the beginning of a handle."""
    at = chance.random()
    plain = ["".join(words(one)) for one in (first, last)]
    if at < 0.06:
        return f"{first} {chance.choice(FIRST_NAMES)} {last}", ".".join(plain)
    if at < 0.12:
        return f"{first} {last} {chance.choice(LAST_NAMES)}", f"{plain[0]}_{plain[1]}"
    if at < 0.18:
        return f"{first} {last}", f"{plain[0][0]}{plain[1]}"
    return f"{first} {last}", ".".join(plain)


def _handle(chance: random.Random, start: str, taken: set[str]) -> str:
    begin = "".join(one for one in start if one in "abcdefghijklmnopqrstuvwxyz0123456789._")
    begin = (begin if begin[:1].isalpha() else f"x{begin}")[: _LONGEST_HANDLE - 7]
    for digits in itertools.count(2):
        handle = f"{begin}{chance.randrange(10 ** min(digits // 2, 7))}"
        if (key := skeleton(handle)) not in taken:
            taken.add(key)
            return handle
    raise AssertionError("there is always another number")


def _query(chance: random.Random, people: Sequence[NamedPerson]) -> str:
    handle, name = chance.choice(people)
    at = chance.random()
    if at >= PREFIXES + WHOLE:
        long = [word for word in words(name) if len(word) >= _SHORTEST_SLIP]
        return slip(chance, chance.choice(long or [handle]))
    if at >= PREFIXES:
        return name
    start = chance.choice((handle, *words(name)))
    return start[: chance.randint(2, 6)]


def _insert(chance: random.Random, word: str) -> str:
    at = chance.randint(0, len(word))
    return word[:at] + _letter(chance) + word[at:]


def _delete(chance: random.Random, word: str) -> str:
    at = chance.randrange(len(word))
    return word[:at] + word[at + 1 :]


def _replace(chance: random.Random, word: str) -> str:
    at = chance.randrange(len(word))
    return word[:at] + _letter(chance) + word[at + 1 :]


def _swap(chance: random.Random, word: str) -> str:
    at = chance.randrange(len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _letter(chance: random.Random) -> str:
    return chance.choice("abcdefghijklmnopqrstuvwxyz")
