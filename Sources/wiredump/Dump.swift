import ArgumentParser
import Glibc
import PacketCapture
import ProgramTerminal
import TrafficDecoder

/// One run over a capture: packets to streams, streams to frames, frames to standard output.
struct Dump: ~Copyable {
    /// Exit codes beyond those that all programs have.
    enum Status {
        static let violations: Int32 = 1
        static let unreadable: Int32 = 3
        static let lostPackets: Int32 = 4
    }

    private let options: ShowOptions
    private let output = TextOutput()
    private let frames: (any FrameOutput)?
    private let statistics: TrafficStatistics?
    private let extractor: VectorExtractor?
    private let decoder: TrafficDecoder
    private var reassembler = Reassembler()

    init(_ options: ShowOptions) throws {
        self.options = options
        let output = output
        extractor = options.extractVector.map { VectorExtractor(frame: $0) }
        if let extractor {
            (frames, statistics) = (nil, nil)
            decoder = TrafficDecoder(.everything, extractor)
        } else if options.stats {
            let statistics = TrafficStatistics()
            self.statistics = statistics
            frames = nil
            decoder = TrafficDecoder(options.check ? .everything : .frames, statistics)
        } else {
            let frames = options.form.output(options.view, try options.selection()) { output.write($0) }
            self.frames = frames
            statistics = nil
            decoder = TrafficDecoder(.everything, frames)
        }
    }

    /// Reads a file to its end, shows it, and throws what the exit code shall say.
    mutating func read(_ file: String) throws {
        var failure: CaptureError?
        var summary: CaptureSummary?
        do throws(CaptureError) {
            var reader = file == "-" ? try CaptureReader(descriptor: STDIN_FILENO, named: "standard input") : try CaptureReader(opening: file)
            summary = reader.summary
            do throws(CaptureError) {
                while try reader.next({ reassembler.take($0, $1, into: decoder) }), !isDone {}
            } catch {
                failure = error
            }
            summary = reader.summary
        } catch {
            throw CommandError("\(error)", status: Status.unreadable)
        }
        try finish()
        try tell(file, summary, failure)
    }

    private var isDone: Bool { frames?.isDone ?? extractor?.isDone ?? false }

    private mutating func finish() throws {
        if !isDone { reassembler.finish(into: decoder) }
        frames?.finish()
        if options.count, let frames { output.write(Array("\(frames.selected)\n".utf8).span) }
        if let extractor, let number = options.extractVector {
            guard let vector = extractor.vector else {
                throw CommandError("frame \(number) \(extractor.problem ?? "is not in the capture: it has \(decoder.frames)")")
            }
            output.write(Array(vector.utf8).span)
        }
        if let statistics { output.write(statistics, asJSON: options.json, coloured: options.view.isColoured) }
        try output.check()
    }

    /// What is wrong with the capture, on standard error, and the exit code.
    private func tell(_ file: String, _ summary: CaptureSummary?, _ failure: CaptureError?) throws {
        if let failure { throw CommandError("\(failure)", status: Status.unreadable) }
        if decoder.ownLinks == 0, !isDone { StandardError.write("wiredump: \(file): \(nothing(summary))\n") }
        if options.check, decoder.violations > 0 { throw ExitCode(Status.violations) }
        let lost = reassembler.counters.bytesLost
        if let dropped = summary?.droppedPackets, dropped > 0 {
            throw CommandError(
                "\(file): \(Quantity.count(dropped, "packet")) were dropped while it was captured: what they held is missing here",
                status: Status.lostPackets)
        }
        if lost > 0, decoder.ownLinks > 0 {
            throw CommandError(
                "\(file): \(Quantity.count(lost, "byte")) of the connections are not in the capture", status: Status.lostPackets)
        }
    }

    /// Why nothing was shown.
    private func nothing(_ summary: CaptureSummary?) -> String {
        let counters = reassembler.counters
        guard let packets = summary?.packets, packets > 0 else { return "no packets in this capture" }
        guard decoder.foreignLinks > 0 else {
            return "no TCP in this capture: \(Quantity.count(packets, "packet")), \(Quantity.count(counters.notTCP + counters.notIP, "other"))"
        }
        return "no Tablewire in this capture: \(Quantity.count(decoder.foreignLinks, "TCP connection")) of something else"
            + (decoder.foreignBegin.isEmpty ? "" : ", the first begins with \(decoder.foreignOpening)")
    }
}

/// Standard output for whole blocks of text; remembers when nobody reads it any more.
final class TextOutput {
    private(set) var isClosed = false
    /// The system's words for a failure that is not a closed pipe.
    private(set) var failure: String?

    /// - Returns: whether more is wanted.
    @discardableResult
    func write(_ text: Span<UInt8>) -> Bool {
        guard !isClosed, failure == nil else { return false }
        unsafe text.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count, !isClosed, failure == nil {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
                let count = unsafe Glibc.write(STDOUT_FILENO, rest.baseAddress, rest.count)
                if count >= 0 {
                    written += count
                } else if errno == EPIPE {
                    isClosed = true
                } else if errno != EINTR {
                    failure = SystemError.text(errno)
                }
            }
        }
        return !isClosed && failure == nil
    }

    /// - Throws: when not everything could be written.
    func check() throws {
        if isClosed { throw Output.Closed() }
        if let failure { throw CommandError("cannot write to standard output (\(failure))") }
    }
}

extension TextOutput {
    func write(_ statistics: TrafficStatistics, asJSON: Bool, coloured: Bool) {
        write(Array((asJSON ? statistics.json : statistics.report(coloured: coloured)).utf8).span)
    }
}
