// SPDX-License-Identifier: Apache-2.0

/// The candidate that somebody most likely meant, or nil if none is near.
///
/// Near is at most a third of the typed length (at least one edit) in the restricted Damerau–Levenshtein distance, where
/// swapping two neighbours is one edit; a candidate that starts with the typed text of three or more characters counts as
/// near too. Upper and lower case are equal. Among equals the first candidate wins. Texts over 100 characters find nothing.
///
/// - Parameters:
///   - typed: What was written.
///   - candidates: The names that would have been right.
/// - Returns: The nearest candidate as it is spelled in `candidates`.
package func nearest(to typed: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(typed.lowercased().unicodeScalars)
    guard (1...100).contains(wanted.count) else { return nil }
    let limit = max(1, wanted.count / 3)
    var best: (distance: Int, name: String)?
    for candidate in candidates {
        let name = Array(candidate.lowercased().unicodeScalars)
        guard name.count <= 100 else { continue }
        var distance = editDistance(wanted, name)
        if distance > limit, wanted.count >= 3, name.starts(with: wanted) { distance = limit }
        if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.name
}

/// Restricted Damerau–Levenshtein distance: insertions, deletions, substitutions and swaps of neighbours.
func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    guard !left.isEmpty else { return right.count }
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in 1...left.count {
        var current = [row]
        for column in stride(from: 1, through: right.count, by: 1) {
            let substitution = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
            var cost = min(substitution, last[column] + 1, current[column - 1] + 1)
            if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                cost = min(cost, beforeLast[column - 2] + 1)
            }
            current.append(cost)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}
