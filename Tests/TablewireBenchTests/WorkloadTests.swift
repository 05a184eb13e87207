import Testing
import WireFormat

@testable import tablewire_bench

/// The peers' drivers generate the same rows: what is expected here was made by theirs.
@Suite struct WorkloadTests {
    @Test(arguments: [
        (0, "device/00000000/sensor/temperature", #"{"ts":1700011413,"v":56.68,"q":0,"st":"ok","h":"97cd448b8e6985"}"#),
        (7, "device/00000000/sensor/luminance", #"{"ts":1700044708,"v":55.60,"q":0,"st":"ok","h":"708d53d8cb57fe"}"#),
        (8, "device/00000001/sensor/temperature", #"{"ts":1700021205,"v":73.02,"q":0,"st":"ok","h":"e0c9a57d54f624"}"#),
        (99_999, "device/00012499/sensor/luminance", #"{"ts":1700019051,"v":85.75,"q":0,"st":"fail","h":"01b334c9505f"}"#),
        (7_999_999, "device/00999999/sensor/luminance", #"{"ts":1700040564,"v":78.12,"q":1,"st":"warn","h":"51702f26de59"}"#),
    ])
    func rowsAreTheSameEverywhere(number: Int, key: String, value: String) {
        #expect(String(decoding: Workload().key(number), as: UTF8.self) == key)
        #expect(String(decoding: Workload().value(number), as: UTF8.self) == value)
    }

    @Test(arguments: [
        (56, 3, #"{"ts":1700041364,"v":62.11,"q":1,"st":"warn","h":"bbb9"}"#),
        (100, 3, #"{"ts":1700041364,"v":62.11,"q":1,"st":"warn","m00":69.42,"h":"bbb996000f439ce0645a0e31d64b064e17cf"}"#),
    ])
    func valuesOfOtherSizes(size: Int, number: Int, value: String) {
        #expect(String(decoding: Workload(valueBytes: size).value(number), as: UTF8.self) == value)
    }

    @Test(arguments: [(64, 1000, 0x4b38_57b6), (256, 1000, 0x9f84_ae8b), (1000, 200, 0x90d2_8bf9)])
    func manyRowsHaveTheSumThatThePeersGet(size: Int, rows: Int, sum: UInt32) {
        let workload = Workload(valueBytes: size)
        let bytes = (0..<rows).flatMap { workload.key($0) + workload.value($0) }
        #expect(CRC32.checksum(bytes.span) == sum)
    }

    @Test(arguments: [0, 1, 16, 55, 56, 57, 63, 64, 101, 4096])
    func valuesHaveExactlyTheirSize(size: Int) {
        for number in 0..<100 { #expect(Workload(valueBytes: size).value(number).count == size) }
    }

    @Test func anotherSeedGivesOtherValuesAndTheSameKeys() {
        #expect(Workload(seed: 43).value(1) != Workload().value(1))
        #expect(Workload(seed: 43).key(1) == Workload().key(1))
    }
}
