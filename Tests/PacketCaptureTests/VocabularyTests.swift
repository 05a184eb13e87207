import PacketCapture
import Testing

@Suite struct VocabularyTests {
    @Test(
        arguments: [
            (0, 0, "::"), (0, 1, "::1"), (0x2001_0db8_0000_0000, 1, "2001:db8::1"),
            (0x2001_0db8_0000_0001, 0x0001_0000_0000_0001, "2001:db8:0:1:1::1"),
            (0x0001_0000_0000_0001, 0x0001_0001_0000_0000, "1::1:1:1:0:0"),
            (0x0001_0000_0003_0004, 0x0005_0006_0007_0008, "1:0:3:4:5:6:7:8"),
            (0xfe80_0000_0000_0000, 0, "fe80::"), (0, 0xffff_7f00_0001, "::ffff:127.0.0.1"),
            (0x0001_0002_0003_0004, 0x0005_0006_0000_0000, "1:2:3:4:5:6::"),
        ] as [(UInt64, UInt64, String)])
    func anAddressIsWrittenAsRFC5952Says(_ high: UInt64, _ low: UInt64, _ text: String) {
        #expect(IPAddress.v6(high: high, low: low).description == text)
    }

    @Test func anEndpointIsWrittenWithItsPort() {
        #expect(Endpoint(address: .v4(0x7f00_0001), port: 7401).description == "127.0.0.1:7401")
        #expect(Endpoint(address: .v6(high: 0, low: 1), port: 7401).description == "[::1]:7401")
        #expect(IPAddress.v4(1) != IPAddress.v6(high: 0, low: 1))
    }
}
