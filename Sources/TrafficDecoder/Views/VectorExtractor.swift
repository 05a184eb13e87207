internal import ClusterModel
package import PacketCapture

/// Turns one frame of a capture into a conformance vector: its bytes and their meaning, or the error that they must cause.
package final class VectorExtractor: TrafficObserver {
    private let number: Int
    /// The vector, as one line of JSON, once the frame came.
    package private(set) var vector: String?
    /// Why there is none, when the frame came.
    package private(set) var problem: String?

    package init(frame number: Int) { self.number = number }

    package var isDone: Bool { vector != nil || problem != nil }

    package func began(_ link: Link, at time: Timestamp) {}
    package func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp) {}

    package func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link) {
        guard frame.number == number, !isDone else { return }
        guard frame.isWhole else {
            problem =
                frame.header.hasMore
                ? "goes on in the next frame: give the last one of its message" : frame.lack ?? "is not whole"
            return
        }
        let header = frame.header.violations(in: frame.violations)
        guard header == nil else { return whole(frame, body, header) }
        guard let message = Schema.current.message(frame.header.type) else { return whole(frame, body, nil) }
        var out = TextBuffer()
        let name = Schema.current.messages[message].name
        out.write("{\"name\":\"captured/\(number)\",\"role\":\"decode\",\"kind\":\"message\",\"type\":\"\(name)\",")
        if let violation = frame.violations.first {
            out.write("\"req\":\"\(violation.requirement)\",\"hex\":\"")
            out.write(hex: body)
            out.write("\",\(Self.words(violation))}\n")
        } else {
            var fields = VectorFields(Schema.current)
            fields.write(message, body)
            out.write("\"req\":\"\(Schema.current.messages[message].requirement)\",\"hex\":\"")
            out.write(hex: body)
            out.write("\",\"decoded\":")
            out.write(fields.out.bytes)
            out.write("}\n")
        }
        vector = String(decoding: out.bytes, as: UTF8.self)
    }

    /// A vector of the frame with its header: what is wrong is in it, or the type is not registered.
    private func whole(_ frame: borrowing CapturedFrame, _ body: Span<UInt8>, _ violation: Violation?) {
        var out = TextBuffer()
        let requirement = violation?.requirement ?? "EXT-001"
        out.write(
            "{\"name\":\"captured/\(number)\",\"role\":\"decode\",\"kind\":\"frames\",\"req\":\"\(requirement)\",\"hex\":\"")
        out.write(hex: frame.header.bytes.span)
        out.write(hex: body)
        out.write("\",")
        if let violation {
            out.write(Self.words(violation))
        } else {
            let header = frame.header
            out.write(
                "\"decoded\":[{\"type\":\(header.type),\"lane\":\(header.lane),\"stream\":\(header.stream),\"sequence\":\"\(header.sequence)\","
                    + "\"bodyBytes\":\(body.count),\"ignorable\":true}]")
        }
        out.write("}\n")
        vector = String(decoding: out.bytes, as: UTF8.self)
    }

    private static func words(_ violation: Violation) -> String {
        "\"error\":\"\(violation.error.name)\",\"reason\":\"\(violation.reasonName)\",\"offset\":\(violation.offset),"
            + "\"field\":\"\(violation.field)\""
    }
}

extension CapturedHeader {
    /// The first rule that the header itself breaks.
    fileprivate func violations(in all: [Violation]) -> Violation? { all.first { $0.field.hasPrefix("header.") } }
}
