"""An EPUB 3 file from XHTML: the chapters, their pictures, a table of contents, and the lists that the format asks for."""

import io
import os
import re
import time
import uuid
import zipfile
from html import escape
from pathlib import Path
from typing import NamedTuple

from PIL import Image

CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PAGE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
    '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="{language}" xml:lang="{language}">'
    '<head><title>{title}</title><link rel="stylesheet" type="text/css" href="book.css"/></head><body>{body}</body></html>'
)
# The kinds of picture that every reader shows; others become PNG.
PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml"}
ID = re.compile(r'\sid="([^"]+)"')
LINK = re.compile(r'(<a\s[^>]*?href=")#([^"]+)"')
SOURCE = re.compile(r'(<img\s[^>]*?src=")([^"]+)"')


class Chapter(NamedTuple):
    name: str  # of its file, and of the whole chapter in links
    title: str
    body: str  # XHTML, whose links are "#name" or "#id" wherever that id stands, and pictures relative to a folder
    sections: list[tuple[str, str]]  # id and title


class Book(NamedTuple):
    title: str
    author: str
    language: str
    address: str  # where it lives: what tells it from all other books, together with its version
    version: str
    style: str
    chapters: list[tuple[str, list[Chapter]]]  # caption of each part ("" for none) and what is in it
    cover: str  # the picture, relative to the folder


def write_epub(path: Path, book: Book, folder: Path) -> None:
    """Write the book, with the pictures that lie in ``folder``.

    Raises:
        ValueError: if a link leads to no id of the book.
    """
    chapters = [chapter for _, part in book.chapters for chapter in part]
    home = {id: f"{chapter.name}.xhtml#{id}" for chapter in chapters for id in ID.findall(chapter.body)}
    home |= {chapter.name: f"{chapter.name}.xhtml" for chapter in chapters}
    pictures: dict[str, str] = {}  # where each lies here, and there

    def link(found):
        if found[2] not in home:
            raise ValueError(f"A link leads to #{found[2]}, which no chapter has.")
        return f'{found[1]}{home[found[2]]}"'

    def source(found):
        return f'{found[1]}{picture(found[2])}"'

    def picture(file):
        suffix = Path(file).suffix
        name = str(Path(file).with_suffix(suffix if suffix in PICTURES else ".png"))
        return pictures.setdefault(file, f"pictures/{name.replace('/', '-').lstrip('_')}")

    files = {
        f"{chapter.name}.xhtml": PAGE.format(
            language=book.language,
            title=escape(chapter.title),
            body=f'<section class="chapter">{SOURCE.sub(source, LINK.sub(link, chapter.body))}</section>',
        )
        for chapter in chapters
    }
    files["contents.xhtml"] = PAGE.format(language=book.language, title="Contents", body=_contents(book, home))
    cover = picture(book.cover)
    files["package.opf"] = _package(book, chapters, files, set(pictures.values()), cover)
    files["book.css"] = book.style
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # First, and as it is: by this a file is known as EPUB.
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        for name, text in files.items():
            archive.writestr(f"book/{name}", text)
        for file, name in pictures.items():
            archive.writestr(f"book/{name}", _picture(folder / file))


def _picture(path):
    if path.suffix in PICTURES:
        return path.read_bytes()
    png = io.BytesIO()
    Image.open(path).save(png, "PNG", optimize=True)
    return png.getvalue()


def _contents(book, home):
    items = ""
    for caption, part in book.chapters:
        inner = ""
        for chapter in part:
            sections = "".join(f'<li><a href="{home[id]}">{escape(title)}</a></li>' for id, title in chapter.sections)
            below = f"<ol>{sections}</ol>" if sections else ""
            inner += f'<li><a href="{chapter.name}.xhtml">{escape(chapter.title)}</a>{below}</li>'
        items += f"<li><span>{escape(caption)}</span><ol>{inner}</ol></li>" if caption else inner
    return f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{items}</ol></nav>'


def _package(book, chapters, files, pictures, cover):
    made = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    items = '<item id="contents" href="contents.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    items += '<item id="style" href="book.css" media-type="text/css"/>'
    for chapter in chapters:
        text = files[f"{chapter.name}.xhtml"]
        kinds = " ".join(kind for kind, tag in (("mathml", "<math"), ("svg", "<svg")) if tag in text)
        says = f' properties="{kinds}"' if kinds else ""
        items += f'<item id="{chapter.name}" href="{chapter.name}.xhtml" media-type="application/xhtml+xml"{says}/>'
    for number, name in enumerate(sorted(pictures), start=1):
        says = ' properties="cover-image"' if name == cover else ""
        items += f'<item id="picture-{number}" href="{name}" media-type="{PICTURES[Path(name).suffix]}"{says}/>'
    first, *others = [f'<itemref idref="{chapter.name}"/>' for chapter in chapters]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="{book.language}">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f"{book.address} {book.version}")}</dc:identifier>'
        f"<dc:title>{escape(book.title)}</dc:title><dc:creator>{escape(book.author)}</dc:creator>"
        f"<dc:language>{book.language}</dc:language><dc:source>{escape(book.address)}</dc:source>"
        f'<meta property="dcterms:modified">{time.strftime("%Y-%m-%dT%H:%M:%SZ", made)}</meta>'
        f'</metadata><manifest>{items}</manifest><spine>{first}<itemref idref="contents"/>{"".join(others)}</spine></package>'
    )
