// SPDX-License-Identifier: Apache-2.0

import Logging

/// Passes everything on but the words by which Hummingbird tells, as errors, that its connections were cut off: that is what
/// we asked it for, and we say so ourselves.
struct TransportLogHandler: LogHandler {
    private var inner: any LogHandler

    init(_ inner: any LogHandler) { self.inner = inner }

    var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        if event.source == "HummingbirdCore" {
            let text = "\(event.message)"
            if text.hasSuffix("CancellationError()") || text.hasSuffix("Already closed") { return }
        }
        inner.log(event: event)
    }
}

extension Logger {
    /// The same logger for a server whose connections may be cut off.
    var forTransport: Logger {
        var logger = self
        logger.handler = TransportLogHandler(handler)
        return logger
    }
}
