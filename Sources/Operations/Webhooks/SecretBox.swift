// SPDX-License-Identifier: Apache-2.0

import Crypto
import Files
import FoundationEssentials
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#endif

/// Keeps the secrets of webhooks unreadable in the database: AES-256-GCM, bound to the webhook.
///
/// The key comes from the settings, or lies in a file that only its owner may read and that is made with the first secret.
/// Without that key a copy of the database gives no secret away.
package final class SecretBox: Sendable {
    private static let format: UInt8 = 1

    private let given: [UInt8]?
    private let file: FilePath
    private let known = Mutex<[UInt8]?>(nil)

    /// A box.
    ///
    /// - Parameters:
    ///   - key: 32 bytes; nil to keep one in `file`.
    ///   - file: Where the key lies otherwise; its folder must exist once a secret is sealed.
    package init(key: [UInt8]?, file: FilePath) {
        given = key
        self.file = file
    }

    /// The key that a text stands for: base64 of 32 bytes, also in the alphabet for URLs, as Fernet's keys are; else nil.
    static func key(from text: String) -> [UInt8]? {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        guard let data = Data(base64Encoded: plain), data.count == 32 else { return nil }
        return Array(data)
    }

    /// Encrypts a webhook's secret.
    func seal(_ secret: String, of webhook: String) async throws -> [UInt8] {
        let key = try await key(making: true)
        let box = try AES.GCM.seal(Array(secret.utf8), using: key, authenticating: Array(webhook.utf8))
        // `combined` is nil only for nonces of another length than the default one.
        return [Self.format] + Array(box.combined ?? Data())
    }

    /// A webhook's secret again.
    ///
    /// - Throws: ``WebhookError`` `.unreadableSecret` if it was sealed with another key, or for another webhook.
    func open(_ sealed: [UInt8], of webhook: String) async throws -> String {
        let key = try await key(making: false)
        do {
            guard sealed.first == Self.format else { throw CryptoKitError.incorrectParameterSize }
            let box = try AES.GCM.SealedBox(combined: sealed.dropFirst())
            let bytes = try AES.GCM.open(box, using: key, authenticating: Array(webhook.utf8))
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            throw Self.unreadable("it was stored with another key", error)
        }
    }

    private static func unreadable(_ why: String, _ cause: any Error) -> WebhookError {
        WebhookError(
            .unreadableSecret,
            what: "cannot sign the delivery: the webhook's secret cannot be read",
            why: why,
            next: "set the secret of the webhook again",
            cause: cause
        )
    }

    private func key(making: Bool) async throws -> SymmetricKey {
        let bytes: [UInt8]
        if let key = given ?? known.withLock({ $0 }) {
            bytes = key
        } else {
            let file = file
            bytes = try await BlockingPool.shared.run {
                try making ? Self.readOrMakeKey(file) : Self.readKey(file)
            }
            known.withLock { $0 = bytes }
        }
        // A key of Fernet's may be in use elsewhere too; ours is derived from it for this purpose alone.
        return HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: bytes),
            info: Array("gyre webhook secrets 1".utf8),
            outputByteCount: 32
        )
    }

    private static func readKey(_ file: FilePath) throws -> [UInt8] {
        let text: String
        do {
            text = try FileReader.text(of: file, limit: 1_024)
        } catch {
            throw unreadable("the key file `\(file)` cannot be read", error)
        }
        guard let key = key(from: String(text.prefix { !$0.isNewline })) else {
            throw unreadable("the key file `\(file)` holds no key", CryptoKitError.incorrectKeySize)
        }
        return key
    }

    /// Waits for whoever makes a key right now; that takes milliseconds.
    private static func lock(_ file: FilePath) throws -> FileLock {
        var patience = 500
        while true {
            do {
                return try FileLock.acquire(file, mode: .exclusive, owner: "gyre")
            } catch {
                guard error.code == .locked, patience > 0 else { throw error }
                patience -= 1
                // A file lock wakes nobody who waits; the caller is on a thread that may block, for five seconds at most.
                usleep(10_000)
            }
        }
    }

    private static func readOrMakeKey(_ file: FilePath) throws -> [UInt8] {
        if FileSystem.exists(file) { return try readKey(file) }
        // Whoever comes second must find the first one's key, never replace it.
        let lock = try Self.lock(FilePath(file.string + ".lock"))
        defer { lock.release() }
        if FileSystem.exists(file) { return try readKey(file) }
        let key = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        try AtomicFile.write(
            Data(key).base64EncodedString() + "\n",
            to: file,
            permissions: [.ownerRead, .ownerWrite]
        )
        return key
    }
}
