// SPDX-License-Identifier: Apache-2.0

import BenchmarkSupport
import Glibc

/// A tracking server that answers at once and keeps nothing: all the time that a client takes with it is the client's own.
///
/// One thread; it knows the calls of `client.py` alone.
enum Stub {
    private static let run = """
        {"run_id":"00000000000000000000000000000001","run_uuid":"00000000000000000000000000000001","run_name":"stub",\
        "experiment_id":"0","status":"RUNNING","start_time":1790000000000,"artifact_uri":"mlflow-artifacts:/0/1/artifacts",\
        "lifecycle_stage":"active","user_id":"user"}
        """

    /// The end of a path and its answer.
    private static let answers = [
        (
            "experiments/get-by-name",
            """
            {"experiment":{"experiment_id":"0","name":"Default","artifact_location":"mlflow-artifacts:/0",\
            "lifecycle_stage":"active"}}
            """
        ),
        ("runs/create", #"{"run":{"info":\#(run),"data":{}}}"#), ("runs/get", #"{"run":{"info":\#(run),"data":{}}}"#),
        ("runs/update", #"{"run_info":\#(run)}"#),
    ]

    /// Serves until the process is ended.
    static func serve(port: Int) throws {
        let listener = try Loopback.listening(on: port)
        var incoming: [Int32: [UInt8]] = [:]
        var buffer: [UInt8] = Array(repeating: 0, count: 1 << 16)
        while true {
            var waiting = ([listener] + incoming.keys).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&waiting, nfds_t(waiting.count), -1) > 0 else { continue }
            for slot in waiting where slot.revents != 0 {
                guard slot.fd != listener else {
                    incoming[try Loopback.accepted(by: listener)] = []
                    continue
                }
                let count = recv(slot.fd, &buffer, buffer.count, 0)
                guard count > 0 else {
                    close(slot.fd)
                    incoming[slot.fd] = nil
                    continue
                }
                incoming[slot.fd, default: []] += buffer[..<count]
                while let request = request(in: incoming[slot.fd, default: []]) {
                    incoming[slot.fd]?.removeFirst(request.size)
                    let body = answers.first { request.path.hasSuffix($0.0) }?.1 ?? "{}"
                    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    let answer = "\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    // Small enough for the socket's buffer; a client that is gone is seen by the next read.
                    _ = answer.withCString { send(slot.fd, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                }
            }
        }
    }

    /// The first request if it is whole: its path without the query, and its bytes.
    private static func request(in bytes: [UInt8]) -> (path: Substring, size: Int)? {
        let mark: [UInt8] = [13, 10, 13, 10]
        guard let end = bytes.indices.dropLast(3).first(where: { bytes[$0] == 13 && bytes[$0...].starts(with: mark) })
        else { return nil }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        let field = lines.first { $0.lowercased().hasPrefix("content-length:") }
        let size = end + 4 + (field.flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0)
        guard bytes.count >= size, let target = lines.first?.split(separator: " ").dropFirst().first else { return nil }
        return (target.prefix { $0 != "?" }, size)
    }
}
