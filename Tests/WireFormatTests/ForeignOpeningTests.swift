import Testing
import WireFormat

/// FRM-003: what else dials the port.
@Suite struct ForeignOpeningTests {
    @Test(
        arguments: [
            (Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8), .http), (Array("PRI * HTTP/2.0\r\n".utf8), .http),
            ([0x16, 0x03, 0x01, 0x02, 0x00, 0x01], .tls), ([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46], .tls),
            (Array("hello\r\n".utf8), .text), (Array("G".utf8), .text),
            ([0x54, 0x54, 0x57, 0x52, 0x0D, 0x0A], .translatedPreface),
            ([0xD4, 0x54, 0x57, 0x52, 0x0A, 0x00], .translatedPreface),
            ([0xD4, 0x57, 0x00, 0x02], .frame), ([], .unknown), ([0x00, 0x01], .unknown), ([0x16], .unknown),
            ([0x15, 0x02], .unknown), ([0xD4], .unknown),
        ] as [([UInt8], ForeignOpening)])
    func diagnosis(_ bytes: [UInt8], _ expected: ForeignOpening) {
        let opening = ForeignOpening(bytes.span)
        #expect(opening == expected)
    }
}
