// SPDX-License-Identifier: Apache-2.0

import Terminal
import Tracking

extension Output {
    /// Prints a list page by page, as its pages come.
    ///
    /// - Parameters:
    ///   - limit: At most this many; nil for all.
    ///   - fetch: The page behind a place, of at most so many.
    ///   - show: A page as lines for programs and as a table for people.
    /// - Returns: Whether anybody was told anything: false if there is nothing in the list, true too if the reader went away.
    /// - Throws: What the closures throw, `LostResult`, or `CancellationError`.
    func printPages<Element>(
        limit: Int?,
        _ fetch: (PageToken?, Int) async throws -> Page<Element>,
        show: ([Element]) async throws -> (json: String, table: Table)
    ) async throws -> Bool {
        var layout: Table.Layout?
        var rest = limit ?? .max
        var token: PageToken?
        var isTold = false
        repeat {
            let page = try await fetch(token, min(rest, 500))
            guard !page.isEmpty else { break }
            let (json, table) = try await show(page.items)
            isTold = true
            guard try stream(json: json, text: part(of: table, layout: &layout)) else { return true }
            rest -= page.count
            token = page.next
            try Task.checkCancellation()
        } while token != nil && rest > 0
        return isTold
    }
}
