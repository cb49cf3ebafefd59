"""Who is for what, and who agrees with whom, as networks of networkx, with a place for each node."""

from collections import defaultdict
from itertools import combinations

import networkx as nx

from stance.map.actors import bodies
from stance.map.types import Cell, StanceMap

#: Sign of a position in a network; where the evidence is not enough there is no edge.
SIGNS = {"favor": 1, "neutral": 0, "against": -1}

Places = dict[str, tuple[float, float]]


def two_mode(stance_map: StanceMap) -> nx.Graph:
    """Actors and proposals, with an edge for each position.

    Nodes are ``a0``, ``a1`` and ``p0``, ``p1`` in the order of the map, with ``label``, ``kind`` (actor or proposal)
    and ``member_of``. Edges have ``position``, ``sign`` (1, 0, -1), ``weight`` (share of the position, from 0 to 1),
    ``low`` and ``high`` of its interval, ``statements`` and ``documents``.
    """
    graph = nx.Graph(name=stance_map.title)
    actors, proposals = node_names(stance_map)
    for actor in stance_map.actors:
        graph.add_node(actors[actor.name], label=actor.name, kind="actor", member_of=actor.member_of)
    for proposal in stance_map.proposals:
        graph.add_node(proposals[proposal.proposal], label=proposal.proposal, kind="proposal", member_of="")
    for cell in stance_map.cells:
        if cell.position in SIGNS:
            share = getattr(cell, cell.position)
            graph.add_edge(
                actors[cell.actor],
                proposals[cell.proposal],
                position=cell.position,
                sign=SIGNS[cell.position],
                weight=round(share.value, 4),
                low=round(share.low, 4),
                high=round(share.high, 4),
                statements=cell.statements,
                documents=cell.documents,
            )
    return graph


def actor_network(stance_map: StanceMap) -> nx.Graph:
    """Actors, with an edge for each two that are for or against at least one same proposal.

    Edges have ``agree`` and ``disagree`` (number of proposals), ``sign`` (1, 0 where as many, -1), ``weight`` (their
    difference without sign, at least 0.5), ``proposals_agree`` and ``proposals_disagree``. A member and a body that
    its statements are counted for, at any distance, are no pair, for they agree by how they are counted.

    Source: congruence and conflict networks, subtracted, as in Leifeld (2017), Discourse Network Analysis.
    """
    graph = nx.Graph(name=stance_map.title)
    actors, _ = node_names(stance_map)
    for actor in stance_map.actors:
        graph.add_node(actors[actor.name], label=actor.name, kind="actor", member_of=actor.member_of)
    for (first, second), (agree, disagree) in _pairs(stance_map).items():
        difference = len(agree) - len(disagree)
        graph.add_edge(
            actors[first],
            actors[second],
            agree=len(agree),
            disagree=len(disagree),
            sign=(difference > 0) - (difference < 0),
            weight=float(abs(difference)) or 0.5,
            proposals_agree="; ".join(agree),
            proposals_disagree="; ".join(disagree),
        )
    return graph


def node_names(stance_map: StanceMap) -> tuple[dict[str, str], dict[str, str]]:
    """The node of each actor and of each proposal, by name."""
    actors = {actor.name: f"a{number}" for number, actor in enumerate(stance_map.actors)}
    return actors, {row.proposal: f"p{number}" for number, row in enumerate(stance_map.proposals)}


def _pairs(stance_map: StanceMap) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """Proposals on which two actors agree, and on which they do not."""
    within = {(body, name) for name, above in bodies(stance_map.actors).items() for body in above}
    taken: dict[str, list[Cell]] = defaultdict(list)
    for cell in stance_map.cells:
        if cell.position in ("favor", "against"):
            taken[cell.proposal].append(cell)
    order = {actor.name: number for number, actor in enumerate(stance_map.actors)}
    pairs: dict[tuple[str, str], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for proposal, cells in taken.items():
        for one, other in combinations(sorted(cells, key=lambda cell: order[cell.actor]), 2):
            pair = (one.actor, other.actor)
            if pair not in within and pair[::-1] not in within:
                pairs[pair][one.position != other.position].append(proposal)
    return pairs


def two_columns(graph: nx.Graph) -> tuple[Places, int]:
    """Places of a two-mode network: actors at 0, proposals at 1, rows from 0 on; and the number of rows.

    Neighbours lie near each other: each column is ordered by the mean place of its neighbours, a few times over.
    """
    sides = [[node for node, kind in graph.nodes(data="kind") if kind == side] for side in ("actor", "proposal")]
    rows = {node: float(row) for side in sides for row, node in enumerate(side)}
    for turn in range(8):
        side = sides[(turn + 1) % 2]
        mean = {node: _mean([rows[other] for other in graph[node]], rows[node]) for node in side}
        side.sort(key=lambda node: (mean[node], node))
        rows |= {node: float(row) for row, node in enumerate(side)}
    height = max(map(len, sides))
    found = {
        node: (float(column), height / len(side) * (row + 0.5))
        for column, side in enumerate(sides)
        for row, node in enumerate(side)
    }
    return found, height


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def near_and_far(graph: nx.Graph) -> Places:
    """Places from 0 to 1 of an actor network: who agrees, or belongs together, is near, who disagrees is far.

    Source: Fruchterman and Reingold, from seeded places, and Kamada and Kawai from there, as networkx has them.
    """
    if len(graph) < 3:
        return {node: (0.25 + 0.5 * number, 0.5) for number, node in enumerate(graph)}
    near = nx.Graph()
    near.add_nodes_from(graph)
    near.add_edges_from((a, b) for a, b, sign in graph.edges(data="sign") if sign > 0)
    start = nx.spring_layout(near, seed=1)
    wish = {1: 1.0, 0: 2.0, -1: 3.0}
    distances = {node: {other: 2.0 * (other != node) for other in graph} for node in graph}
    named = {values["label"]: node for node, values in graph.nodes(data=True)}
    bodies = [(node, named.get(body, node), 1.0) for node, body in graph.nodes(data="member_of")]
    for one, other, distance in [*((a, b, wish[sign]) for a, b, sign in graph.edges(data="sign")), *bodies]:
        if one != other:
            distances[one][other] = distances[other][one] = distance
    found = nx.kamada_kawai_layout(graph, dist=distances, pos=start)
    bounds = [(min(values), max(values)) for values in zip(*found.values(), strict=True)]
    return {node: (_scaled(place[0], *bounds[0]), _scaled(place[1], *bounds[1])) for node, place in found.items()}


def _scaled(value: float, low: float, high: float) -> float:
    return float((value - low) / (high - low)) if high > low else 0.5
