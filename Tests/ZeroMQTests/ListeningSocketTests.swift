import Foundation
import ProcessTreeBase
import ProcessTreeTestSettings
import ProcessTreeZeroMQ
import Testing

@Suite(.timeLimit(.minutes(TestSettings.minutes(2)))) struct ListeningSocketTests {
  @Test func theFileIsWhereAndWhatItShouldBe() throws {
    let directory = try SocketDirectory()
    let path = directory.path + "/a"
    let listener = try ListeningSocket.make(path: path, backlog: 16)
    var status = stat()
    #expect(lstat(path, &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFSOCK)
    #expect(status.st_mode & 0o7777 == 0o600)
    #expect(status.st_uid == geteuid())
    let number = listener.number
    #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
    #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0)
  }

  @Test func socketsTakeItOver() throws {
    let directory = try SocketDirectory()
    let path = directory.path + "/a"
    let context = try Context()
    let descriptor = try ListeningSocket.make(path: path, backlog: 16).release()
    let server = try Socket(.pull, in: context, .useFileDescriptor(descriptor))
    try server.bind(.ipc(path: path))
    let clients = try (0..<10).map { number in
      let client = try Socket(.push, in: context)
      try client.connect(.ipc(path: path))
      try client.send([UInt8(number)], timeout: patience)
      return client
    }
    let received = try (0..<10).map { _ in try server.receive(timeout: patience).bytes()[0] }
    #expect(received.sorted() == Array(0..<10))
    server.close()
    #expect(FileManager.default.fileExists(atPath: path), "the file is its maker's")
    ListeningSocket.remove(path: path)
    #expect(!FileManager.default.fileExists(atPath: path))
    withExtendedLifetime(clients) {}
  }

  @Test func theFilterAppliesToItToo() throws {
    let directory = try SocketDirectory()
    let path = directory.path + "/a"
    let context = try Context()
    let descriptor = try ListeningSocket.make(path: path, backlog: 16).release()
    let server = try Socket(
      .pull, in: context, .useFileDescriptor(descriptor), .ipcFilterUserID(getuid() + 1))
    try server.bind(.ipc(path: path))
    let client = try Socket(.push, in: context)
    try client.connect(.ipc(path: path))
    try client.send([1], timeout: patience)
    #expect(throws: ZeroMQError.self) { try server.receive(timeout: .milliseconds(200)).count }
  }

  @Test func anExistingFileIsNotStolen() throws {
    let directory = try SocketDirectory()
    let path = directory.path + "/a"
    let listener = try ListeningSocket.make(path: path, backlog: 16)
    let before = try openDescriptorsHere(path)
    let error = #expect(throws: ZeroMQError.self) {
      _ = try ListeningSocket.make(path: path, backlog: 16)
    }
    #expect(error?.code == .addressInUse)
    #expect(try openDescriptorsHere(path) == before)
    close(listener.release())
  }

  /// The socket that listens at a path, as the kernel lists them.
  private func openDescriptorsHere(_ path: String) throws -> Int {
    try String(contentsOfFile: "/proc/net/unix", encoding: .utf8)
      .split(separator: "\n").count { $0.hasSuffix(path) }
  }

  @Test func aMissingDirectoryIsAnError() throws {
    let directory = try SocketDirectory()
    let error = #expect(throws: ZeroMQError.self) {
      _ = try ListeningSocket.make(path: directory.path + "/no/a", backlog: 1)
    }
    #expect(error?.code == .notFound)
  }

  @Test func removingLeavesOtherFilesAlone() throws {
    let directory = try SocketDirectory()
    let path = directory.path + "/file"
    #expect(FileManager.default.createFile(atPath: path, contents: Data()))
    ListeningSocket.remove(path: path)
    ListeningSocket.remove(path: directory.path + "/nothing")
    #expect(FileManager.default.fileExists(atPath: path))
  }
}
