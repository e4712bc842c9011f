import Foundation
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// Clients of a desk whose root is another one than they expect.
@Suite struct DeskClientTests {
  /// A directory with a socket whose other end says something to each client, and then nothing.
  private final class Stub {
    let directory: String
    private let listener: Int32

    /// - Parameter greeting: What each client gets; nil for the end of the connection.
    init(_ greeting: [UInt8]?) throws {
      var template = Array("/tmp/ptree-desk-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      directory = String(
        decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      self.listener = listener
      let status = UnixAddress.with(directory + "/desk") { bind(listener, $0, $1) }
      try #require(status == 0 && listen(listener, 8) == 0)
      Thread.detachNewThread {
        // Until the listener is shut down.
        while true {
          let client = accept(listener, nil, nil)
          guard client >= 0 else { break }
          guard let greeting else {
            close(client)
            continue
          }
          _ = send(client, greeting, greeting.count, Int32(MSG_NOSIGNAL))
        }
        // Here and not by the owner: another socket might get the number while this thread uses it.
        close(listener)
      }
    }

    deinit {
      shutdown(listener, Int32(SHUT_RDWR))
      try? FileManager.default.removeItem(atPath: directory)
    }
  }

  private func failure(of stub: Stub, within time: Duration) -> DeskClient.Failure? {
    do throws(DeskClient.Failure) {
      _ = try DeskClient.connect(to: stub.directory, within: time)
      return nil
    } catch {
      return error
    }
  }

  @Test func aRootOfAnotherVersionIsNoRiddle() throws {
    let stub = try Stub(DeskFrames.framed(DeskHello(major: 2, minor: 0).packed()))
    #expect(failure(of: stub, within: .patience) == .otherVersion(2))
    #expect(
      DeskClient.statuses(of: [stub.directory], within: .patience)
        == [stub.directory: .failure(.otherVersion(2))])
  }

  @Test func whatDoesNotAnswerIsGivenUpInTime() throws {
    #expect(failure(of: try Stub([]), within: .milliseconds(50)) == .silent)
    // The last attempt may have had no time for it.
    let endings: [DeskClient.Failure?] = [.closed, .silent]
    #expect(endings.contains(failure(of: try Stub(nil), within: .milliseconds(50))))
    // Bytes that are no hello are no answer either.
    let babble = try Stub([0xFF, 0xFF, 0xFF, 0xFF])
    #expect(endings.contains(failure(of: babble, within: .milliseconds(50))))
  }

  @Test func silentRootsAreWaitedForTogether() throws {
    let stubs = try (0..<8).map { _ in try Stub([]) }
    let start = ContinuousClock.now
    let found = DeskClient.statuses(
      of: stubs.map(\.directory) + ["/nowhere"], within: .milliseconds(200))
    // One after the other would take eight times as long.
    #expect(ContinuousClock.now - start < .milliseconds(800).scaled)
    #expect(found["/nowhere"] == .failure(.absent))
    #expect(stubs.allSatisfy { found[$0.directory] == .failure(.silent) })
  }
}
