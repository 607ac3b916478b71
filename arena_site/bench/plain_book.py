"""The peer of `bench book`: a book in plain Python, heaps of prices and deques of orders."""

from __future__ import annotations

import heapq
from collections import deque

from arena_site.bench.flow import ADD, BUY, CANCEL, Flow


class _Order:
    __slots__ = ("left", "owner", "row")

    def __init__(self, row: int, owner: int, left: int) -> None:
        self.row, self.owner, self.left = row, owner, left


class PlainBook:
    """Price-time priority; cancels are lazy; an order that would trade with its owner expires."""

    def __init__(self) -> None:
        self.levels: tuple[dict[int, deque[_Order]], dict[int, deque[_Order]]] = ({}, {})
        self.heaps: tuple[list[int], list[int]] = ([], [])
        self.live: dict[int, _Order] = {}
        self.trades: list[tuple[int, int, int, int]] = []

    def run(self, flow: Flow) -> None:
        """Apply every operation; `trades` then holds (maker row, taker row, level, quantity)."""
        columns = [column.tolist() for column in flow]
        for row, (op, side, level, quantity, owner, target) in enumerate(
            zip(*columns, strict=True)
        ):
            if op == CANCEL:
                order = self.live.pop(target, None)
                if order is not None:
                    order.left = 0
                continue
            left = self._match(row, side, level, quantity, owner)
            if op == ADD and left:
                self._rest(row, side, level, left, owner)

    def _match(self, row: int, side: int, level: int, left: int, owner: int) -> int:
        sign = 1 if side == BUY else -1
        heap, queues = self.heaps[1 - side], self.levels[1 - side]
        while left and heap and sign * level >= heap[0]:
            price = sign * heap[0]
            queue = queues[price]
            while left and queue:
                maker = queue[0]
                if maker.left == 0:
                    queue.popleft()
                    continue
                if maker.owner == owner:
                    return 0
                quantity = min(left, maker.left)
                self.trades.append((maker.row, row, price, quantity))
                left -= quantity
                maker.left -= quantity
                if maker.left == 0:
                    queue.popleft()
                    self.live.pop(maker.row, None)
            if not queue:
                heapq.heappop(heap)
                del queues[price]
        return left

    def _rest(self, row: int, side: int, level: int, left: int, owner: int) -> None:
        order = self.live[row] = _Order(row, owner, left)
        queues = self.levels[side]
        if level not in queues:
            queues[level] = deque()
            heapq.heappush(self.heaps[side], -level if side == BUY else level)
        queues[level].append(order)
