import Foundation
import Glibc
import Testing

extension Wiredump {
    /// What passes now: through the proxy, and on an interface.
    @Suite struct LiveTests {
        /// Of one direction, as a link that begins in the middle: the echo is one too.
        private static let traffic = (7..<30).flatMap { Written.pong(sequence: UInt64($0)) }

        private static func proxyPort(_ line: String) throws -> UInt16 {
            // "wiredump: 127.0.0.1:41234 passes on to …"
            let words = line.split(separator: " ")
            return try #require(words.dropFirst().first?.split(separator: ":").last.flatMap { UInt16($0) }, "\(line)")
        }

        @Test func aProxyPassesOnAndRecords() throws {
            let echo = try EchoServer(connections: 2)
            try withFolder { folder in
                let file = folder / "out.pcapng"
                let proxy = try Wiredump.start(
                    ["proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(echo.port)", "-w", file], output: folder / "shown")
                defer { proxy.signal(SIGKILL) }
                let port = try Self.proxyPort(proxy.nextErrorLine())
                let noise = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
                for bytes in [Self.traffic, noise] {
                    let client = try LocalSocket.connected(to: port)
                    try Self.send(bytes, by: client)
                    #expect(client.receive(bytes.count) == bytes)
                    client.finish()
                    // The echo ends when it sees the end, so a half-close went through.
                    #expect(client.receive().isEmpty)
                }
                proxy.signal(SIGTERM)
                #expect(proxy.waitForEnd() == 0)
                #expect(proxy.otherErrors().contains("\(file) is complete"))
                let shown = try String(contentsOfFile: folder / "shown", encoding: .utf8)
                #expect(shown.split(separator: "\n").filter { $0.contains("PONG") }.count == 46, "\(shown)")
                let read = try Wiredump.run([file])
                #expect(read.code == 0 && read.errors.isEmpty, "\(read.errors)")
                #expect(read.frames.count == 46)
                let counts = try object(Wiredump.run(["--stats", "--json", file]).text)
                #expect(counts["frames"] as? Int == 46 && counts["gapBytes"] as? Int == 0)
            }
        }

        /// From a thread of its own, for the echo comes back meanwhile.
        private static func send(_ bytes: [UInt8], by socket: LocalSocket) throws {
            Thread.detachNewThread { try? socket.send(bytes) }
        }

        @Test func aTargetThatIsDownIsTold() throws {
            // The port of a socket that is gone.
            let port = try LocalSocket.listening().port
            try withFolder { folder in
                let proxy = try Wiredump.start(
                    ["proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(port)"], output: folder / "shown")
                defer { proxy.signal(SIGKILL) }
                let client = try LocalSocket.connected(to: Self.proxyPort(proxy.nextErrorLine()))
                #expect(client.receive().isEmpty)
                let notice = try proxy.nextErrorLine()
                #expect(notice.contains("no connection to 127.0.0.1:\(port)"), "\(notice)")
                proxy.signal(SIGINT)
                #expect(proxy.waitForEnd() == 0)
            }
        }

        @Test func aProxyThatCannotBeginSaysWhy() throws {
            let taken = try LocalSocket.listening()
            let address = "127.0.0.1:\(taken.port)"
            let listening = try Wiredump.run(["proxy", "--listen", address, "--to", "127.0.0.1:1"])
            #expect(listening.code == 1 && listening.complainsOnce && listening.errors.contains(address), "\(listening.errors)")
            let recording = try Wiredump.run(["proxy", "--listen", "127.0.0.1:0", "--to", address, "-w", "/missing/out.pcapng"])
            #expect(
                recording.code == 1 && recording.complainsOnce && recording.errors.contains("/missing/out.pcapng"),
                "\(recording.errors)")
            let unknown = try Wiredump.run(["proxy", "--listen", "127.0.0.1:0", "--to", "no-such-host.invalid:1"])
            #expect(unknown.code == 1 && unknown.complainsOnce && unknown.errors.contains("no-such-host"), "\(unknown.errors)")
        }

        @Test func aProxyEndsAfterSoManyFrames() throws {
            let echo = try EchoServer(connections: 1)
            try withFolder { folder in
                let arguments = ["proxy", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:\(echo.port)", "--first", "5"]
                let proxy = try Wiredump.start(arguments, output: folder / "shown")
                defer { proxy.signal(SIGKILL) }
                let client = try LocalSocket.connected(to: Self.proxyPort(proxy.nextErrorLine()))
                try client.send(Self.traffic)
                #expect(proxy.waitForEnd() == 0)
                let shown = try String(contentsOfFile: folder / "shown", encoding: .utf8)
                #expect(shown.split(separator: "\n").filter { $0.contains("PONG") }.count == 5, "\(shown)")
            }
        }

        private static let mayCapture: Bool = {
            let descriptor = socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)
            if descriptor >= 0 { close(descriptor) }
            return descriptor >= 0
        }()

        @Test(.enabled(if: mayCapture, "needs the right to capture (CAP_NET_RAW)"))
        func loopbackIsShownAndWritten() throws {
            let echo = try EchoServer(connections: 1)
            try withFolder { folder in
                let file = folder / "lo.pcapng"
                let live = try Wiredump.start(
                    ["live", "lo", "--port", "\(echo.port)", "--first", "46", "-w", file], output: folder / "shown")
                defer { live.signal(SIGKILL) }
                let line = try live.nextErrorLine()
                #expect(line.contains("capturing on lo, port \(echo.port)"), "\(line)")
                let client = try LocalSocket.connected(to: echo.port)
                try Self.send(Self.traffic, by: client)
                #expect(client.receive(Self.traffic.count) == Self.traffic)
                #expect(live.waitForEnd() == 0)
                let shown = try String(contentsOfFile: folder / "shown", encoding: .utf8)
                #expect(shown.split(separator: "\n").filter { $0.contains("PONG") }.count == 46, "\(shown)")
                let read = try Wiredump.run([file])
                #expect(read.code == 0 && read.frames.count == 46, "\(read.errors)")
            }
        }

        @Test(.enabled(if: !mayCapture, "only without the right to capture"))
        func withoutTheRightItSaysWhichOne() throws {
            let run = try Wiredump.run(["live", "lo"])
            #expect(run.code == 1 && run.complainsOnce && run.errors.contains("CAP_NET_RAW"), "\(run.errors)")
        }

        @Test(.enabled(if: mayCapture, "needs the right to capture (CAP_NET_RAW)"))
        func anInterfaceThatIsNotThereIsNamed() throws {
            let run = try Wiredump.run(["live", "nothing0"])
            #expect(
                run.code == 1 && run.complainsOnce && run.errors.contains("nothing0") && run.errors.contains("lo"),
                "\(run.errors)")
        }
    }
}
