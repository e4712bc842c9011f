import ProcessTreeMessagePack
import ProcessTreeWire
import Testing

let sampleRecord = BootstrapRecord(
  run: .init(id: .max, rootPID: 4_711, rootStartTime: .max, directory: "/tmp/run é"),
  path: NodePath(positions: [1, .max]), name: "worker", isDaemon: true,
  parent: .init(name: "Process-1", pid: 12, startTime: 99), credentials: credentials(3),
  endpoints: .init(control: "ipc:///tmp/a/c", links: "ipc:///tmp/a/l"),
  program: .init(type: "4Main6SquareV", listIndex: 3, arguments: [0, 0xC1, 255]), tag: .max,
  settings: [1, 2, 3])

@Suite struct BootstrapRecordTests {
  private func roundTrip(_ record: BootstrapRecord) throws -> BootstrapRecord {
    let bytes = try MessagePackEncoder().encode(record)
    return try MessagePackDecoder().decode(BootstrapRecord.self, from: bytes)
  }

  @Test func aRecordComesBackAsItWas() throws {
    let read = try roundTrip(sampleRecord)
    #expect(read.run.id == .max && read.run.rootPID == 4_711)
    #expect(read.run.rootStartTime == .max && read.run.directory == "/tmp/run é")
    #expect(read.path == sampleRecord.path && read.name == "worker" && read.isDaemon)
    #expect(read.parent.name == "Process-1" && read.parent.pid == 12)
    #expect(read.credentials == credentials(3))
    #expect(
      read.parentAddress
        == NodeAddress(
          path: NodePath(positions: [1]), name: "Process-1", pid: 12, startTime: 99, endpoint: ""))
    #expect(read.parentAddress.endpoint == "ipc:///tmp/a/l")
    #expect(read.endpoints.control == "ipc:///tmp/a/c" && read.endpoints.links == "ipc:///tmp/a/l")
    #expect(read.program.type == "4Main6SquareV" && read.program.listIndex == 3)
    #expect(read.program.arguments == [0, 0xC1, 255])
    #expect(read.tag == .max && read.settings == [1, 2, 3])
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
    let bytes = try MessagePackEncoder().encode(sampleRecord)
    for length in 0..<bytes.count {
      #expect(throws: DecodingError.self) {
        try MessagePackDecoder().decode(BootstrapRecord.self, from: Array(bytes.prefix(length)))
      }
    }
  }
}
