// SPDX-License-Identifier: Apache-2.0

/// Requests as bytes, made without a coder so that the load costs little beside the server.
struct Bodies {
    /// A batch of metrics: `keys` names, each at `steps` steps from `first` on.
    static func batch(run: String, keys: Int, steps: Int, from first: Int) -> [UInt8] {
        var bytes = Array(#"{"run_id":"\#(run)","metrics":["#.utf8)
        bytes.reserveCapacity(keys * steps * 80)
        for step in first..<(first + steps) {
            for key in 0..<keys {
                bytes += Array(#"{"key":"layer_"#.utf8)
                append(key, to: &bytes)
                bytes += Array(#"/loss","value":0."#.utf8)
                append(1_000_000 + (step &* 7_919 &+ key &* 104_729) % 8_999_999, to: &bytes)
                bytes += Array(#","timestamp":"#.utf8)
                append(1_790_000_000_000 + step * 1_000 + key, to: &bytes)
                bytes += Array(#","step":"#.utf8)
                append(step, to: &bytes)
                bytes += Array("},".utf8)
            }
        }
        bytes.removeLast()
        bytes += Array("]}".utf8)
        return bytes
    }

    /// One metric.
    static func metric(run: String, step: Int) -> [UInt8] {
        Array(
            """
            {"run_id":"\(run)","key":"loss","value":0.\(1_000 + step % 9_000),\
            "timestamp":\(1_790_000_000_000 + step),"step":\(step)}
            """.utf8
        )
    }

    /// What a run of the search has: 20 params, 10 metrics, 5 tags.
    static func run(_ id: String, number: Int) -> [UInt8] {
        let params = (0..<20).map { key in
            let value = key == 0 ? String(UnicodeScalar(UInt8(97 + number % 10))) : "value_\(key)_\(number % 97)"
            return #"{"key":"param_\#(key)","value":"\#(value)"}"#
        }
        let metrics = (0..<10).map { key in
            let value = Double((number &* 7_919 &+ key &* 104_729) % 10_007) / 10_007
            return #"{"key":"metric_\#(key)","value":\#(value),"timestamp":1790000000000,"step":1}"#
        }
        let tags = (0..<5).map { #"{"key":"tag_\#($0)","value":"team_\#(number % (3 + $0))"}"# }
        return Array(
            """
            {"run_id":"\(id)","params":[\(params.joined(separator: ","))],\
            "metrics":[\(metrics.joined(separator: ","))],"tags":[\(tags.joined(separator: ","))]}
            """.utf8
        )
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        var rest = number
        while divisor > 0 {
            bytes.append(UInt8(48 + rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
