import ProcessTreeWire
import Testing

let sampleRecord = BootstrapRecord(
  run: .init(id: .max, rootPID: 4_711, rootStartTime: .max, directory: "/tmp/run é"),
  path: NodePath(positions: [1, .max]), name: "worker", isDaemon: true,
  parent: .init(name: "Process-1", pid: 12, startTime: 99), attempt: 3,
  endpoints: .init(control: "ipc:///tmp/a/c", links: "ipc:///tmp/a/l"),
  program: .init(type: "4Main6SquareV", listIndex: 3, arguments: [0, 0xC1, 255]), tag: .max,
  settings: [1, 2, 3], incarnation: 3, address: "/shop/till")

@Suite struct BootstrapRecordTests {
  private func roundTrip(_ record: BootstrapRecord) throws -> BootstrapRecord {
    try BootstrapRecord(packed: record.packed())
  }

  @Test func aRecordComesBackAsItWas() throws {
    let read = try roundTrip(sampleRecord)
    #expect(read.run.id == .max && read.run.rootPID == 4_711)
    #expect(read.run.rootStartTime == .max && read.run.directory == "/tmp/run é")
    #expect(read.path == sampleRecord.path && read.name == "worker" && read.isDaemon)
    #expect(read.parent.name == "Process-1" && read.parent.pid == 12)
    #expect(read.attempt == 3)
    #expect(
      read.parentAddress
        == PeerAddress(
          path: NodePath(positions: [1]), name: "Process-1", pid: 12, startTime: 99, endpoint: ""))
    #expect(read.parentAddress.endpoint == "ipc:///tmp/a/l")
    #expect(read.endpoints.control == "ipc:///tmp/a/c" && read.endpoints.links == "ipc:///tmp/a/l")
    #expect(read.program.type == "4Main6SquareV" && read.program.listIndex == 3)
    #expect(read.program.arguments == [0, 0xC1, 255])
    #expect(read.tag == .max && read.settings == [1, 2, 3])
    #expect(read.incarnation == 3 && read.address == "/shop/till")
    #expect(read.processSettings == nil)
    var settled = sampleRecord
    settled.processSettings = [4, 5]
    #expect(try BootstrapRecord(packed: settled.packed()).processSettings == [4, 5])
  }

  @Test func whatIsNotThereStaysSo() throws {
    var record = sampleRecord
    record.program = .init(type: "", listIndex: nil, arguments: nil)
    record.path = .root
    record.isDaemon = false
    record.settings = []
    let read = try roundTrip(record)
    #expect(read.program.listIndex == nil && read.program.arguments == nil)
    #expect(read.path == .root && !read.isDaemon && read.settings.isEmpty)
  }

  @Test func argumentsOfNoBytesAreNotNoArguments() throws {
    var record = sampleRecord
    record.program.arguments = []
    #expect(try roundTrip(record).program.arguments == [])
  }

  @Test func everyCutIsRefused() throws {
    let bytes = sampleRecord.packed()
    for length in 0..<bytes.count {
      #expect(throws: WireError.self) {
        try BootstrapRecord(packed: Array(bytes.prefix(length)))
      }
    }
  }

  @Test func theBytesAreThoseOfTheProtocol() {
    let record = BootstrapRecord(
      run: .init(id: 1, rootPID: 2, rootStartTime: 3, directory: "d"),
      path: NodePath(positions: [4]), name: "n", isDaemon: false,
      parent: .init(name: "p", pid: 5, startTime: 6),
      attempt: 7,
      endpoints: .init(control: "c", links: "l"),
      program: .init(type: "t", listIndex: nil, arguments: [9]), tag: 10, settings: [11],
      incarnation: 2, address: "/n")
    #expect(
      record.packed() == [
        0xDC, 0, 16, 5, 1, 0x94, 1, 2, 3, 0xA1, 0x64, 0x91, 4, 0xA1, 0x6E, 0xC2, 0x93, 0xA1, 0x70,
        5, 6, 7, 0x92, 0xA1, 0x63, 0xA1, 0x6C, 0x93, 0xA1, 0x74, 0xC0,
        0xC4, 1, 9, 10, 0xC4, 1, 11, 0xC0, 0xC0, 2, 0xA2, 0x2F, 0x6E,
      ])
  }

  @Test func fieldsOfALaterMinorVersionAreIgnored() throws {
    var bytes = sampleRecord.packed()
    // The number of fields has three bytes, and the version follows.
    bytes[2] += 2
    bytes[4] = 9
    // It has no placement.
    bytes += [0xC0, 0x81, 1, 0x90]
    #expect(try BootstrapRecord(packed: bytes).name == "worker")
    #expect(throws: WireError.self) { try BootstrapRecord(packed: bytes + [0]) }
  }

  @Test func aParentOfAnEarlierMinorVersionKnowsNeitherLeaseNorSettingsNorLifeNorAddress() throws {
    var record = sampleRecord
    record.renewalPeriod = 127
    record.processSettings = [4, 5]
    let bytes = record.packed()
    #expect(try BootstrapRecord(packed: bytes).renewalPeriod == 127)
    // The last four fields are of later versions than the first ones.
    let lease: [UInt8] = [127]
    let settings: [UInt8] = [0xC4, 2, 4, 5]
    let life: [UInt8] = [3, 0xAA] + Array("/shop/till".utf8)
    let later = lease + settings + life
    #expect(bytes.suffix(later.count) == later[...])
    let old = try BootstrapRecord(packed: [0x9C, 5, 0] + bytes[5...].dropLast(later.count))
    #expect(old.renewalPeriod == nil && old.processSettings == nil)
    #expect(old.incarnation == 1 && old.address == "" && old.settings == [1, 2, 3])
  }

  @Test func aParentOfAnotherMajorVersionIsRefusedByName() {
    var bytes = sampleRecord.packed()
    bytes[3...4] = [2, 0]
    let error = #expect(throws: WireError.self) { try BootstrapRecord(packed: bytes) }
    #expect(error?.description.contains("the parent speaks version 2.0") == true)
  }
}
