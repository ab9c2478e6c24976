// SPDX-License-Identifier: Apache-2.0

import JSONText
import SystemPackage

/// Comma-separated values as RFC 4180 has them: no value is an empty field, an empty text is `""`.
final class CSVOutput: ExportOutput {
    private let file: OutputFile

    init(_ path: FilePath) throws { file = try OutputFile(path) }

    func begin(_ name: String, _ columns: [ExportColumn]) async throws {
        try await add([columns.map { .text($0.name) }])
    }

    func add(_ rows: [[ExportCell]]) async throws {
        var bytes: [UInt8] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(cell, into: &bytes)
            }
            bytes += [13, 10]
        }
        try await file.append(bytes)
    }

    func finish() async throws { try await file.commit() }

    private static func write(_ cell: ExportCell, into bytes: inout [UInt8]) {
        switch cell {
        case .none: return
        case .integer(let number): bytes += String(number).utf8
        case .time(let milliseconds): bytes += Moment(ms: milliseconds).tabular.utf8
        case .number(let number):
            bytes += (number.isNaN ? "NaN" : number.isFinite ? "\(number)" : number < 0 ? "-Infinity" : "Infinity").utf8
        case .text(let text):
            let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 != 0x22 && $0 != 0x2C && $0 < 127 }
            guard !isPlain else { return bytes += text.utf8 }
            bytes.append(UInt8(ascii: "\""))
            for byte in text.utf8 {
                if byte == UInt8(ascii: "\"") { bytes.append(byte) }
                bytes.append(byte)
            }
            bytes.append(UInt8(ascii: "\""))
        }
    }
}
