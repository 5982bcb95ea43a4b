"""Words that made-up people are made of; underscores stand for spaces inside a name."""

from __future__ import annotations

from typing import Final

GIVEN_NAMES: Final = (
    "Abena Adèle Agnes Ahmed Aiko Alma Amara Amir Anaïs Anders Anouk Arjun Astrid Ayşe Baraka "
    "Bahar Beatriz Benoît Bilal Björk Bruno Camila Carys Chidi Chloé Ciara Clément Dalia Damir "
    "Daya Dina Efua Eitan Elif Elio Élodie Emeka Emil Enzo Esra Esther Farah Farid Félix Fatou "
    "Freya Gabriel Gaia Gita Hana Haruki Hiba Hugo Ibrahim Idris Ife Ilan Imani Ines Irina Isla "
    "Ivo Jamila Jin Joaquín João Jonas Juno Kaito Kamala Kenji Kiran Kofi Lars Laila Léa Leila "
    "Linh Lior Lucía Luca Maeve Mahsa Malik Mateo Maya Mei Mina Mirza Naïma Nadia Naoko Ngozi "
    "Nia Nikhil Noé Noor Nuria Odile Olga Omar Oskar Paloma Parisa Pavel Priya Quỳnh Rafael Rana "
    "Ravi René Rosa Sabine Sami Sanna Selma Sibusiso Silvia Soraya Sven Tahir Tala Tariq Thandi "
    "Théo Tomás Uma Valentina Wren Yael Yara Yuki Yusuf Zahra Zola Zoë"
)
FAMILY_NAMES: Final = (
    "Abadi Achebe Adeyemi Aguilar Akintola Alvarez Amsel Andersson Aoki Arroyo Asante Baptiste "
    "Barros Bayrak Beaulieu Bello Bergström Bianchi Boateng Bouchard Campos Castillo Chaudhry "
    "Chen Côté Da_Silva Delgado Demir Desjardins Diallo Dubois Duarte Eriksen Fairweather "
    "Farouk Ferreira Fontaine Fujita Gagnon García Georgiou Ghosh Gomes Haddad Hakimi Hansen "
    "Hashimoto Hernández Hoang Horvath Ibarra Ishikawa Iyer Jansen Jimenez Johal Kamau Kapoor "
    "Karimi Kato Keller Khoury Kim Kovacs Laflamme Lavoie Lehmann Lindqvist Lopes MacLeod Mbeki "
    "Medina Mensah Moreau Morin Nakamura Ndiaye Nguyễn Novak Nwosu Odhiambo Okafor Okonkwo "
    "Olsen Ortega Osei Özdemir Park Patel Pelletier Pereira Pham Popescu Qureshi Rahman Ramos "
    "Rossi Roy Sahin Sandhu Santos Sato Schwarz Sequoyah Sharma Silva Simard Singh Sorensen "
    "Stavros Suzuki Takahashi Tanaka Tran Traoré Tremblay Usman Vargas Vasquez Virtanen Wanjiru "
    "Watanabe Weiss Whitebear Xu Yamamoto Yilmaz Zhang Zielinski"
)
MAJORS: Final = (
    "Anthropology",
    "Architecture",
    "Biology",
    "Chemistry",
    "Civil Engineering",
    "Computer Science",
    "East Asian Studies",
    "Economics",
    "Education",
    "Geography",
    "History",
    "Law",
    "Linguistics",
    "Mathematics",
    "Mechanical Engineering",
    "Music",
    "Neuroscience",
    "Nursing",
    "Philosophy",
    "Physics",
    "Political Science",
    "Psychology",
    "Social Work",
    "Statistics",
)
PASSIONS: Final = (
    "astronomy",
    "baking",
    "ballroom dance",
    "birdwatching",
    "board games",
    "bouldering",
    "ceramics",
    "chess",
    "choir",
    "community radio",
    "cycling",
    "debate",
    "film photography",
    "foraging",
    "football",
    "gardening",
    "improv",
    "jazz",
    "knitting",
    "languages",
    "open source",
    "poetry",
    "rowing",
    "running",
    "sketching",
    "skating",
    "sourdough",
    "tea",
    "theatre",
    "volunteering",
)
