"""The networks as SVG that stands in the page and takes its colours; every name in it is escaped."""

import math
import textwrap
from collections.abc import Iterable

import networkx as nx
from markupsafe import Markup

from stance.map.networks import SIGNS, actor_network, near_and_far, two_columns, two_mode
from stance.map.types import StanceMap

#: Nodes of a kind that are drawn, those with the most statements; the page says how many are not.
MOST_NODES = 60

#: Of the drawing of two columns, in its own units: width, where the columns stand, height of a row, letters in a line.
WIDTH, LEFT, RIGHT, ROW, LETTERS = 960, 300, 600, 40, 44

#: Edge of the square in which actors are drawn, and the margin for their names.
SQUARE, MARGIN = 760, 110

#: By the sign of a line its class, of which the page's style knows the colour.
KINDS = {sign: position for position, sign in SIGNS.items()}


def draw_two_mode(stance_map: StanceMap) -> tuple[Markup, int]:
    """Actors at the left, proposals at the right, a line for each position; and how many nodes are not drawn."""
    graph, left_out = _drawn(two_mode(stance_map), stance_map)
    if not graph.number_of_edges():
        return Markup(""), 0
    places, rows = two_columns(graph)
    spots = {node: (LEFT if side == 0 else RIGHT, row * ROW) for node, (side, row) in places.items()}
    lines = []
    for one, other, edge in graph.edges(data=True):
        actor, proposal = sorted((one, other))  # a0 before p0
        said = f"{graph.nodes[actor]['label']}: {edge['position']}, {graph.nodes[proposal]['label']}"
        width = 1.5 + 3.5 * edge["low"]
        lines.append(_line(spots[actor], spots[proposal], edge["sign"], width, said, f"{actor[1:]},{proposal[1:]}"))
    nodes = [_node(node, graph.nodes[node], *spots[node]) for node in graph]
    title = "Actors and proposals: blue lines are for, dashed orange lines against, dotted grey lines neutral"
    return _svg(title, WIDTH, rows * ROW, lines, nodes), left_out


def draw_actors(stance_map: StanceMap) -> tuple[Markup, int]:
    """Actors, a line for each two that agree or disagree; and how many actors are not drawn."""
    graph, left_out = _drawn(actor_network(stance_map), stance_map)
    if not graph.number_of_edges():
        return Markup(""), 0
    side = SQUARE - 2 * MARGIN
    spots = {node: (MARGIN + x * side, 40 + y * (side - 80)) for node, (x, y) in near_and_far(graph).items()}
    lines = []
    for one, other, edge in graph.edges(data=True):
        names = f"{graph.nodes[one]['label']} and {graph.nodes[other]['label']}"
        said = f"{names}: agree on {edge['agree']}, disagree on {edge['disagree']}"
        lines.append(_line(spots[one], spots[other], edge["sign"], 1 + min(edge["weight"], 5), said, ""))
    nodes = [_node(node, graph.nodes[node], *spots[node], below=True) for node in graph]
    title = "Who agrees with whom: blue lines for those who agree, dashed orange lines for those who disagree"
    return _svg(title, SQUARE, side, lines, nodes), left_out


def _drawn(graph: nx.Graph, stance_map: StanceMap) -> tuple[nx.Graph, int]:
    """The part that is drawn: nodes with an edge, of each kind those with the most statements."""
    statements: dict[str, int] = {}
    for cell in stance_map.cells:
        for name in (cell.actor, cell.proposal):
            statements[name] = statements.get(name, 0) + cell.statements
    kept: set[str] = set()
    for kind in ("actor", "proposal"):
        nodes = [node for node, values in graph.nodes(data=True) if values["kind"] == kind and graph[node]]
        nodes.sort(key=lambda node: -statements.get(graph.nodes[node]["label"], 0))
        kept.update(nodes[:MOST_NODES])
    drawn = graph.copy()  # a subgraph would have its nodes in the order of a set, other in each process
    drawn.remove_nodes_from(set(graph) - kept)
    drawn.remove_nodes_from(list(nx.isolates(drawn)))
    return drawn, sum(1 for node in graph if graph[node]) - len(drawn)


def _svg(title: str, width: float, height: float, lines: Iterable[Markup], nodes: Iterable[Markup]) -> Markup:
    opening = Markup('<svg role="group" aria-label="{}" viewBox="0 0 {} {}">').format(title, width, math.ceil(height))
    return opening + Markup("").join(lines) + Markup("").join(nodes) + Markup("</svg>")


def _line(
    start: tuple[float, float], end: tuple[float, float], sign: int, width: float, said: str, cell: str
) -> Markup:
    points = [f"{value:.1f}" for value in (*start, *end)]
    drawn = Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}" stroke-width="{:.1f}"{}><title>{}</title></line>')
    link = Markup(' data-cell="{}"').format(cell) if cell else Markup("")
    return drawn.format(KINDS[sign], *points, width, link, said)


def _node(node: str, values: dict[str, str], x: float, y: float, *, below: bool = False) -> Markup:
    """A dot and its name, beside it or below; an actor is a button that shows its timeline."""
    name, actor = values["label"], values["kind"] == "actor"
    shown = textwrap.wrap(name, LETTERS if not below else 20, max_lines=2, placeholder="…") or [name[:LETTERS]]
    anchor, beside = ("middle", 0) if below else ("end", -12) if actor else ("start", 12)
    first = y + 20 if below else y + 5 - 8 * (len(shown) - 1)
    spans = Markup("").join(
        Markup('<tspan x="{:.1f}" y="{:.1f}">{}</tspan>').format(x + beside, first + 16 * number, line)
        for number, line in enumerate(shown)
    )
    shape = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="6"></circle>').format(x, y)
    if not actor:
        shape = Markup('<rect x="{:.1f}" y="{:.1f}" width="11" height="11"></rect>').format(x - 5.5, y - 5.5)
    button = Markup(' role="button" tabindex="0" data-actor="{}"').format(node[1:]) if actor else Markup("")
    whole = Markup('<g class="node"{} aria-label="{}"><title>{}</title>{}<text text-anchor="{}">{}</text></g>')
    return whole.format(button, name, name, shape, anchor, spans)
