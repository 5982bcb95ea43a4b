"""What MkDocs calls while it builds: pages that are made, and links that lead out of docs/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

from docsite.pages import generated, within_docs

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

_MADE = generated()


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the code."""
    for place, text in _MADE.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to files of the checkout lead to the pages that show them."""
    del config, files
    place = page.file.src_uri
    return markdown if place in _MADE else within_docs(markdown, f"docs/{place}")
