// SPDX-License-Identifier: Apache-2.0

import DataVersions

/// A pipeline as a picture: for people, for Graphviz, for Mermaid.
package struct PipelineDrawing: Sendable {
    /// Names, in the order of the pipeline.
    private var names: [String]
    /// What needs what: each name that something needs, and who needs it.
    private var edges: [(from: Int, to: Int)]

    /// The stages, or their outputs.
    package init(_ pipeline: Pipeline, outputs: Bool = false) {
        guard outputs else {
            names = pipeline.nodes.map(\.address)
            edges = pipeline.upstream.enumerated().flatMap { node, others in others.map { ($0, node) } }
            return
        }
        var owned: [[Int]] = []
        var names: [String] = []
        for node in pipeline.nodes {
            owned.append(Array(names.count..<names.count + node.outputs.count))
            names += node.outputs
        }
        var edges: [(from: Int, to: Int)] = []
        for (node, value) in pipeline.nodes.enumerated() {
            for path in value.dependencies {
                for other in pipeline.upstream[node] {
                    for source in owned[other] where ProjectPath.overlap(names[source], path) {
                        edges += owned[node].map { (source, $0) }
                    }
                }
            }
        }
        self.names = names
        self.edges = edges.filter { $0.from != $0.to }
    }

    /// The same with all stages of a loop as one.
    package func collapsed() -> PipelineDrawing {
        var result = self
        let groups = names.map { name in name.hasSuffix(".dvc") ? name : String(name.prefix { $0 != "@" }) }
        var places: [String: Int] = [:]
        result.names = groups.filter { name in
            guard places[name] == nil else { return false }
            places[name] = places.count
            return true
        }
        var seen: Set<[Int]> = []
        result.edges = edges.compactMap { edge in
            guard let from = places[groups[edge.from]], let to = places[groups[edge.to]], from != to else { return nil }
            return seen.insert([from, to]).inserted ? (from, to) : nil
        }
        return result
    }

    /// Only what some names need; with `full` all that is connected with them.
    package func around(_ targets: [String], full: Bool) -> PipelineDrawing {
        var kept = Set(names.indices.filter { targets.contains(names[$0]) })
        var open = Array(kept)
        while let node = open.popLast() {
            for edge in edges {
                let other = edge.to == node ? edge.from : full && edge.from == node ? edge.to : nil
                if let other, kept.insert(other).inserted { open.append(other) }
            }
        }
        var result = self
        let order = kept.sorted()
        let places = Dictionary(order.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
        result.names = order.map { names[$0] }
        result.edges = edges.compactMap { edge in
            guard let from = places[edge.from], let to = places[edge.to] else { return nil }
            return (from, to)
        }
        return result
    }

    // MARK: Languages

    /// Graphviz' language.
    package var dot: String {
        func quoted(_ text: String) -> String { "\"\(text.replacing("\"", with: "\\\""))\"" }
        let nodes = names.map { "\(quoted($0));\n" }
        let lines = edges.map { "\(quoted(names[$0.from])) -> \(quoted(names[$0.to]));\n" }
        return "strict digraph {\n\(nodes.joined())\(lines.joined())}\n"
    }

    /// Mermaid's language: part by part, names sorted.
    package var mermaid: String {
        var text = "flowchart TD"
        var count = 0
        for part in parts() {
            let sorted = part.map { names[$0] }.sorted { StageReader.precedes($0, $1) }
            var ids: [String: String] = [:]
            for name in sorted {
                count += 1
                ids[name] = "node\(count)"
                text += "\n\tnode\(count)[\"\(name)\"]"
            }
            let pairs = edges.filter { part.contains($0.from) }.map { (names[$0.from], names[$0.to]) }
            let ordered = pairs.sorted {
                $0.0 == $1.0 ? StageReader.precedes($0.1, $1.1) : StageReader.precedes($0.0, $1.0)
            }
            for (from, to) in ordered { text += "\n\t\(ids[from] ?? "")-->\(ids[to] ?? "")" }
        }
        return text
    }

    /// Names and edges as one document.
    package var json: String {
        let nodes = names.map { PythonText.json($0) }.joined(separator: ", ")
        let lines = edges.map { "[\(PythonText.json(names[$0.from])), \(PythonText.json(names[$0.to]))]" }
        return "{\"nodes\": [\(nodes)], \"edges\": [\(lines.joined(separator: ", "))]}"
    }

    /// Parts that nothing connects, each with its nodes in order.
    private func parts() -> [[Int]] {
        var part = Array(names.indices)
        func root(_ node: Int) -> Int {
            var node = node
            while part[node] != node {
                part[node] = part[part[node]]
                node = part[node]
            }
            return node
        }
        for edge in edges {
            let (left, right) = (root(edge.from), root(edge.to))
            part[max(left, right)] = min(left, right)
        }
        var order: [Int] = []
        var members: [Int: [Int]] = [:]
        for node in names.indices {
            let root = root(node)
            if members[root] == nil { order.append(root) }
            members[root, default: []].append(node)
        }
        return order.compactMap { members[$0] }
    }

    // MARK: Picture

    /// Boxes and lines.
    package var text: String { parts().map(draw).joined(separator: "\n") }

    /// Boxes in rows, each below all that it needs; a line that passes rows has a place in each.
    private func draw(_ part: [Int]) -> String {
        let inside = Set(part)
        let own = edges.filter { inside.contains($0.from) }
        var level: [Int: Int] = [:]
        var waits = Dictionary(
            part.map { node in (node, own.filter { $0.to == node }.count) },
            uniquingKeysWith: { $1 }
        )
        var open = part.filter { waits[$0] == 0 }
        while let node = open.popLast() {
            for edge in own where edge.from == node {
                level[edge.to] = max(level[edge.to] ?? 0, (level[node] ?? 0) + 1)
                waits[edge.to, default: 0] -= 1
                if waits[edge.to] == 0 { open.append(edge.to) }
            }
        }
        // What needs nothing stands right above the first that needs it.
        for node in part where !own.contains(where: { $0.to == node }) {
            if let first = own.filter({ $0.from == node }).compactMap({ level[$0.to] }).min() {
                level[node] = first - 1
            }
        }
        var rows: [[Cell]] = Array(repeating: [], count: (level.values.max() ?? 0) + 1)
        for node in part { rows[level[node] ?? 0].append(Cell(id: node, width: names[node].count + 4)) }
        var steps: [(row: Int, from: Int, to: Int)] = []
        var next = names.count
        for edge in own {
            var from = edge.from
            for row in (level[edge.from] ?? 0) + 1..<(level[edge.to] ?? 0) {
                rows[row].append(Cell(id: next, width: 1))
                steps.append((row - 1, from, next))
                from = next
                next += 1
            }
            steps.append(((level[edge.to] ?? 0) - 1, from, edge.to))
        }
        Self.arrange(&rows, steps)
        return picture(rows, steps)
    }

    private struct Cell {
        let id: Int
        let width: Int
        var center = 0
    }

    /// Orders the cells of each row by where their neighbours stand, and gives them places.
    private static func arrange(_ rows: inout [[Cell]], _ steps: [(row: Int, from: Int, to: Int)]) {
        func place(_ row: inout [Cell], wanting wanted: [Int: Int]) {
            var end = 0
            for index in row.indices {
                let least = end + row[index].width / 2
                row[index].center = max(least, wanted[row[index].id] ?? least)
                end = row[index].center - row[index].width / 2 + row[index].width + 3
            }
        }
        for index in rows.indices { place(&rows[index], wanting: [:]) }
        for pass in 0..<6 {
            let order = pass % 2 == 0 ? Array(rows.indices) : rows.indices.reversed()
            for index in order {
                var centers: [Int: Int] = [:]
                for row in rows { for cell in row { centers[cell.id] = cell.center } }
                var wanted: [Int: Int] = [:]
                for cell in rows[index] {
                    let others = steps.compactMap { step in
                        step.to == cell.id ? centers[step.from] : step.from == cell.id ? centers[step.to] : nil
                    }
                    wanted[cell.id] = others.isEmpty ? cell.center : others.reduce(0, +) / others.count
                }
                rows[index].sort { (wanted[$0.id] ?? 0, $0.id) < (wanted[$1.id] ?? 0, $1.id) }
                place(&rows[index], wanting: wanted)
            }
        }
        let left = rows.flatMap { $0 }.map { $0.center - $0.width / 2 }.min() ?? 0
        for row in rows.indices { for index in rows[row].indices { rows[row][index].center -= left } }
    }

    private func picture(_ rows: [[Cell]], _ steps: [(row: Int, from: Int, to: Int)]) -> String {
        let height = 6
        let width = (rows.flatMap { $0 }.map { $0.center + $0.width / 2 + 2 }.max() ?? 1) + 1
        var canvas = Array(repeating: Array(repeating: Character(" "), count: width), count: rows.count * height - 3)
        func put(_ character: Character, _ x: Int, _ y: Int) {
            if canvas.indices.contains(y), canvas[y].indices.contains(x) { canvas[y][x] = character }
        }
        var centers: [Int: Int] = [:]
        for row in rows { for cell in row { centers[cell.id] = cell.center } }
        for step in steps {
            guard let start = centers[step.from], let end = centers[step.to] else { continue }
            let (top, bottom) = (step.row * height + 2, (step.row + 1) * height)
            let length = max(abs(end - start), bottom - top)
            for index in 0...length {
                let share = Double(index) / Double(length)
                let x = Int((Double(start) + share * Double(end - start)).rounded())
                put("*", x, Int((Double(top) + share * Double(bottom - top)).rounded()))
            }
        }
        for (row, cells) in rows.enumerated() {
            for cell in cells {
                let (left, top) = (cell.center - cell.width / 2, row * height)
                guard cell.id < names.count else {
                    for y in top...top + 2 { put("*", cell.center, y) }
                    continue
                }
                let border = "+" + String(repeating: "-", count: cell.width - 2) + "+"
                for (offset, line) in [border, "| \(names[cell.id]) |", border].enumerated() {
                    for (index, character) in line.enumerated() { put(character, left + index, top + offset) }
                }
            }
        }
        let lines = canvas.map { line in
            var text = String(line)
            while text.last == " " { text.removeLast() }
            return text
        }
        return lines.joined(separator: "\n")
    }
}
