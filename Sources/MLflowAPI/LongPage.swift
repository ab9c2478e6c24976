// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import JSONText
import NIOCore
import Tracking

/// A page of up to 50,000 runs, which would be 150 MB as one text: it is read and sent in parts.
struct LongPage: Sendable {
    /// As many runs are in memory at once.
    static let part = 250

    let runs: FoundRuns
    let tracking: TrackingService

    /// The page as ``Response/page(_:_:_:)`` writes it.
    var response: Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: #"{"runs":["#))
                for start in stride(from: 0, to: runs.count, by: Self.part) {
                    let places = start..<min(start + Self.part, runs.count)
                    let part = try await tracking.runs(places, of: runs)
                    try await writer.write(Self.elements(part, isFirst: start == 0))
                }
                var end = JSONWriter()
                end.object { end in if let next = runs.next { end.field("next_page_token", next.text) } }
                let isLast = runs.next == nil
                try await writer.write(ByteBuffer(string: isLast ? "]}" : "],"))
                if !isLast { try await writer.write(ByteBuffer(bytes: end.bytes.dropFirst())) }
                try await writer.finish(nil)
            }
        )
    }

    /// The runs as elements of a list that others stand in too.
    private static func elements(_ runs: [Run], isFirst: Bool) -> ByteBuffer {
        var list = JSONWriter(reserving: runs.count * 2_048, nonFinite: .text)
        list.array { list in for run in runs { run.write(into: &list) } }
        var bytes = ByteBuffer()
        if !isFirst { bytes.writeString(",") }
        bytes.writeBytes(list.bytes.dropFirst().dropLast())
        return bytes
    }
}
