"""A folder as a disk has it: what of it is certain to outlast power loss, and what may.

It is told what happened by the journal of `watch.c`. The model promises what POSIX does, which is less than what ext4, XFS and the like do:

- What a file holds is certain once a sync of it has succeeded that began afterwards. Of what was written since, each sector of 512 bytes
  may be on the disk as it was at any moment since; so may the file's length, independently of them.
- Names in a folder are certain once a sync of that folder has succeeded that began afterwards. Of what changed since, the first few
  changes are on the disk, in their order; of each folder independently of others and of what files hold.
- A sync of everything is one of each file and each folder. Where a symbolic link leads goes with its name: it cannot be synced.
- A folder that is not on the disk takes with it whatever is in it, synced or not.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

SECTOR = 512
NOTHING = bytes(SECTOR)


class Luck:
    """What is chosen of what may be on the disk."""

    def __init__(self, chance: random.Random | None):
        self.chance = chance

    def pick(self) -> Callable[[int], int]:
        """How to choose among so many versions, the oldest first: one file is all old, another all new, the next mixed."""
        share = self.chance.choice([0, 0.5, 0.95, 1]) if self.chance else 0

        def choose(count: int) -> int:
            if not share:
                return 0
            return count - 1 if self.chance.random() < share else self.chance.randrange(count)

        return choose


@dataclass
class File:
    """By the number of a sector what is in it; a sector that is all zeros may be absent."""

    now: dict[int, bytes] = field(default_factory=dict)
    length: int = 0
    certain: dict[int, bytes] = field(default_factory=dict)
    certain_length: int = 0
    # What may be there instead, and since which event.
    doubtful: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)
    doubtful_lengths: list[tuple[int, int]] = field(default_factory=list)

    def put(self, event: int, sector: int, content: bytes) -> None:
        self.now[sector] = content
        self.doubtful.setdefault(sector, []).append((event, content))

    def write(self, event: int, offset: int, content: bytes) -> None:
        at = 0
        while at < len(content):
            sector, start = divmod(offset + at, SECTOR)
            part = content[at : at + SECTOR - start]
            if len(part) < SECTOR:
                before = self.now.get(sector, NOTHING)
                part = before[:start] + part + before[start + len(part) :]
            self.put(event, sector, part)
            at += SECTOR - start
        if offset + len(content) > self.length:
            self.cut(event, offset + len(content))

    def cut(self, event: int, length: int) -> None:
        if length < self.length:
            last, kept = divmod(length, SECTOR)
            for sector in [sector for sector in self.now if sector >= last]:
                before = self.now[sector] if sector == last else b""
                self.put(event, sector, before[:kept].ljust(SECTOR, b"\0"))
        self.length = length
        self.doubtful_lengths.append((event, length))

    def synced(self, event: int) -> None:
        """What was so at the event is certain."""
        for sector, versions in list(self.doubtful.items()):
            if known := [content for at, content in versions if at < event]:
                self.certain[sector] = known[-1]
            self.doubtful[sector] = [version for version in versions if version[0] >= event]
            if not self.doubtful[sector]:
                del self.doubtful[sector]
        if known := [length for at, length in self.doubtful_lengths if at < event]:
            self.certain_length = known[-1]
        self.doubtful_lengths = [one for one in self.doubtful_lengths if one[0] >= event]

    def after_power_loss(self, luck: Luck, known: dict[int, File]) -> File:
        """`known` are those of which it was asked before, by another name."""
        if after := known.get(id(self)):
            return after
        lengths = [self.certain_length, *(length for _, length in self.doubtful_lengths)]
        pick = luck.pick()
        length = lengths[pick(len(lengths))]
        content = dict(self.certain)
        for sector, versions in self.doubtful.items():
            if which := pick(len(versions) + 1):
                content[sector] = versions[which - 1][1]
        after = known[id(self)] = File()
        for sector, what in content.items():
            if sector * SECTOR < length and what != NOTHING:
                after.now[sector] = what[: length - sector * SECTOR].ljust(SECTOR, b"\0")
        after.length = after.certain_length = length
        after.certain = dict(after.now)
        return after

    def content(self) -> bytes:
        whole = bytearray(self.length)
        for sector, content in self.now.items():
            whole[sector * SECTOR : (sector + 1) * SECTOR] = content
        return bytes(whole[: self.length])

    def save(self, path: Path, saved: dict[int, Path]) -> None:
        if (first := saved.setdefault(id(self), path)) != path:
            os.link(first, path)
            return
        with open(path, "wb") as file:
            for sector, content in self.now.items():
                file.seek(sector * SECTOR)
                file.write(content)
            file.truncate(self.length)


@dataclass
class Link:
    target: str

    def after_power_loss(self, luck: Luck, known: dict[int, File]) -> Link:
        return self

    def save(self, path: Path, saved: dict[int, Path]) -> None:
        path.symlink_to(self.target)


@dataclass
class Folder:
    now: dict[str, Node] = field(default_factory=dict)
    certain: dict[str, Node] = field(default_factory=dict)
    # What became of names, and at which event.
    doubtful: list[tuple[int, dict[str, Node | None]]] = field(default_factory=list)

    def change(self, event: int, names: dict[str, Node | None]) -> None:
        apply(self.now, names)
        self.doubtful.append((event, names))

    def synced(self, event: int) -> None:
        for at, names in self.doubtful:
            if at < event:
                apply(self.certain, names)
        self.doubtful = [change for change in self.doubtful if change[0] >= event]

    def after_power_loss(self, luck: Luck, known: dict[int, File]) -> Folder:
        names = dict(self.certain)
        for _, change in self.doubtful[: luck.pick()(len(self.doubtful) + 1)]:
            apply(names, change)
        there = {name: node.after_power_loss(luck, known) for name, node in names.items()}
        return Folder(there, dict(there))

    def save(self, path: Path, saved: dict[int, Path] | None = None) -> None:
        saved = {} if saved is None else saved
        path.mkdir()
        for name, node in self.now.items():
            node.save(path / name, saved)


Node = File | Folder | Link


def apply(names: dict[str, Node], change: dict[str, Node | None]) -> None:
    for name, node in change.items():
        if node is None:
            del names[name]
        else:
            names[name] = node


@dataclass
class Event:
    seconds: float
    what: str
    fields: list[str]
    content: bytes = b""


def events(journal: Path) -> Iterator[Event]:
    with open(journal, "rb") as lines:
        while line := lines.readline():
            at, what, *fields = os.fsdecode(line[:-1]).split("\t")
            content = lines.read(int(fields[2])) if what == "write" else b""
            yield Event(int(at) / 1e9, what, fields, content)


class Disk:
    """The folder at `path`, which must exist as `root` says."""

    def __init__(self, path: Path, root: Folder, lies: Callable[[Disk, File | Folder], bool] | None = None):
        self.path = path
        self.root = root
        # Of what syncs have no effect.
        self.lies = lies or (lambda disk, node: False)
        self.count = 0
        self.began: dict[int, list[int]] = {}
        self.by_inode: dict[int, File | Folder] = {}
        self.learn(path, root)

    def learn(self, path: Path, node: Node) -> None:
        if isinstance(node, Link):
            return
        self.by_inode[path.stat().st_ino] = node
        if isinstance(node, Folder):
            for name, child in node.now.items():
                self.learn(path / name, child)

    def named(self, path: str) -> tuple[Folder, str]:
        *folders, name = Path(path).relative_to(self.path).parts
        folder = self.root
        for part in folders:
            folder = folder.now[part]
        return folder, name

    def happened(self, event: Event) -> None:
        """Takes the next event of the journal."""
        at, self.count = self.count, self.count + 1
        match event.what, *event.fields:
            case "open", inode, is_cut, path:
                folder, name = self.named(path)
                if name not in folder.now:
                    self.by_inode[int(inode)] = File()
                    folder.change(at, {name: self.by_inode[int(inode)]})
                elif is_cut == "1":
                    folder.now[name].cut(at, 0)
            case "write", inode, offset, _:
                self.by_inode[int(inode)].write(at, int(offset), event.content)
            case "length", inode, length:
                self.by_inode[int(inode)].cut(at, int(length))
            case "folder", inode, path:
                folder, name = self.named(path)
                self.by_inode[int(inode)] = Folder()
                folder.change(at, {name: self.by_inode[int(inode)]})
            case "symlink", path, target:
                folder, name = self.named(path)
                folder.change(at, {name: Link(target)})
            case "link", old, new:
                (before, old), (after, new) = self.named(old), self.named(new)
                after.change(at, {new: before.now[old]})
            case "rename", old, new:
                (before, old), (after, new) = self.named(old), self.named(new)
                assert before is after, f"not modelled: a name that goes to another folder: {event}"
                after.change(at, {new: before.now[old], old: None})
            case "remove", path:
                folder, name = self.named(path)
                folder.change(at, {name: None})
            case "sync", inode:
                self.began.setdefault(int(inode), []).append(at)
            case "synced", inode:
                # Of several at once none knows which it is: all but the first prove less than they could.
                began = self.began[int(inode)].pop(0)
                for node in list(self.by_inode.values()) if inode == "0" else [self.by_inode[int(inode)]]:
                    if not self.lies(self, node):
                        node.synced(began)
            case _:
                raise AssertionError(f"not modelled: {event}")

    def differences(self) -> list[str]:
        """Where the folder is not as the journal says: something escaped it."""
        return list(different(self.path, self.root))

    def lose_power(self, chance: random.Random | None) -> Folder:
        """What the disk may have now; without chance no more than it must."""
        return self.root.after_power_loss(Luck(chance), {})


def different(path: Path, node: Node) -> Iterator[str]:
    if isinstance(node, Link):
        if not path.is_symlink() or os.readlink(path) != node.target:
            yield f"{path} leads elsewhere"
        return
    if isinstance(node, File):
        if path.is_symlink() or not path.is_file() or path.read_bytes() != node.content():
            yield f"{path} has other content"
        return
    names = {entry.name for entry in os.scandir(path)}
    if names != set(node.now):
        yield f"{path} has other names: {names.symmetric_difference(node.now)}"
    for name in names.intersection(node.now):
        yield from different(path / name, node.now[name])
