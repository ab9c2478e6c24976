// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPTransport
import Testing

/// Which addresses are public, and that others are not talked to.
@Suite(.timeLimit(.minutes(3)))
struct PeerTests {
    @Test(arguments: [
        "8.8.8.8", "1.1.1.1", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.0.9", "192.0.0.10", "192.169.0.1",
        "198.17.0.1", "198.20.0.1", "223.255.255.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808",
        "2002:808:808::",
    ])
    func `an address of the internet is public`(text: String) throws {
        #expect(try #require(PeerAddress(text)).isPublic)
    }

    @Test(arguments: [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.1",
        "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1",
        "::127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
        "2002:a00:1::", "3fff::1", "fc00::1", "fdff::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    ])
    func `an address of the own machine, of a network or of no machine is not public`(text: String) throws {
        #expect(!(try #require(PeerAddress(text)).isPublic))
    }

    @Test(arguments: ["", "1", "127.1", "0177.0.0.1", "1.2.3", "1.2.3.4.5", "example.com", ":::", "[::1]"])
    func `what is no address is none`(text: String) {
        #expect(PeerAddress(text) == nil)
    }

    @Test(arguments: [("10.1.2.3", "10.1.2.3"), ("2001:DB8:0::1", "2001:db8::1")])
    func `an address reads as it is written by everybody`(text: String, written: String) throws {
        #expect(try #require(PeerAddress(text)).description == written)
    }

    @Test func `an address stands for itself, also in a way that only the system reads`() async throws {
        #expect(try await HostNames.addresses(of: "127.0.0.1").map(\.description) == ["127.0.0.1"])
        #expect(try await HostNames.addresses(of: "127.1").map(\.description) == ["127.0.0.1"])
        #expect(try await HostNames.addresses(of: "::1").map(\.description) == ["::1"])
        #expect(try await HostNames.addresses(of: "localhost").allSatisfy { !$0.isPublic })
    }

    @Test func `a name that nobody knows is told, and a cancelled question ends`() async throws {
        let unknown = await #expect(throws: HTTPTransportError.self) {
            try await HostNames.addresses(of: "nobody.invalid")
        }
        #expect(unknown?.code == .unreachable || unknown?.code == .timedOut)
        let task = Task { try await HostNames.addresses(of: "localhost") }
        task.cancel()
        // It may have been answered before.
        if case .failure(let error as HTTPTransportError) = await task.result { #expect(error.code == .cancelled) }
    }

    @Test func `a connection that turns out to lead to this machine carries nothing`() async throws {
        try await LoopbackServer.run { server in
            let client = HTTPTransportClient(onlyPublicPeers: true)
            let error = await #expect(throws: HTTPTransportError.self) {
                try await client.send("POST", "\(server.address)/echo", body: [1])
            }
            await client.shutdown()
            #expect(error?.code == .forbiddenPeer)
            #expect(error?.kind == .forbidden)
            #expect(error?.why == "`127.0.0.1` is no public address")
            #expect(server.requests.isEmpty)
        }
    }

    @Test(arguments: ["/bytes/1000", "/chunks/1000", "/endless"])
    func `of a long answer the beginning can be taken`(path: String) async throws {
        try await LoopbackServer.run { server in
            let client = HTTPTransportClient()
            let answer = try await client.send("GET", server.address + path, limit: 150, cutsAnswer: true)
            #expect(answer.status == 200)
            #expect(answer.text == String(repeating: "x", count: 150))
            #expect(try await client.send("GET", "\(server.address)/echo").status == 200)
            await client.shutdown()
        }
    }
}
