import Foundation
import ProcessTreeTestSettings
import ProcessTreeWire
import Testing

@testable import ProcessTree

/// Clients of a desk whose root is another one than they expect.
@Suite struct DeskClientTests {
  /// A directory with a socket whose other end sends something to each client, and then nothing.
  private final class Stub {
    let directory: String
    private let listener: Int32
    /// Signalled when a connection has been closed.
    private let closings: DispatchSemaphore

    /// - Parameters:
    ///   - greeting: What each client gets; nil for the end of the connection.
    ///   - closes: Whether the connection ends behind it, with nothing read.
    init(_ greeting: [UInt8]?, closes: Bool = false) throws {
      let closings = DispatchSemaphore(value: 0)
      self.closings = closings
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
          guard closes else { continue }
          close(client)
          closings.signal()
        }
        // Here and not by the owner: another socket might get the number while this thread uses it.
        close(listener)
      }
    }

    /// Waits until a connection has been closed.
    func awaitsClosing() -> Bool { closings.wait(timeout: .now() + 30) == .success }

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

  /// The client may write into a connection that has been closed: it reads why first.
  @Test func whatARootHasSaidBeforeItClosedIsRead() throws {
    let answer = DeskAnswer(1, .failed(.tooMany, "too many requests"))
    let stub = try Stub(
      DeskFrames.framed(DeskHello.current.packed()) + DeskFrames.framed(answer.packed()),
      closes: true)
    var client = try DeskClient.connect(to: stub.directory, within: .patience)
    try #require(stub.awaitsClosing())
    do throws(DeskClient.Failure) {
      _ = try client.request(.tree, within: .patience)
      Issue.record("an answer came")
    } catch {
      #expect(error == .refused(.tooMany, "too many requests"))
    }
    do throws(DeskClient.Failure) {
      _ = try client.request(.tree, within: .patience)
      Issue.record("an answer came")
    } catch {
      #expect(error == .closed)
    }
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

  /// The silent one is waited for first, as long as all may take.
  @Test func aSilentRootDoesNotSilenceOthers() throws {
    let silent = try Stub([])
    let other = try Stub(DeskFrames.framed(DeskHello(major: 2, minor: 0).packed()))
    let found = DeskClient.statuses(
      of: [silent.directory, other.directory], within: .milliseconds(500))
    #expect(
      found == [
        silent.directory: .failure(.silent), other.directory: .failure(.otherVersion(2)),
      ])
  }

  @Test func silentRootsAreWaitedForTogether() throws {
    let stubs = try (0..<8).map { _ in try Stub([]) }
    let start = ContinuousClock.now
    let found = DeskClient.statuses(
      of: stubs.map(\.directory) + ["/nowhere"], within: .seconds(1))
    // One after the other would take eight times as long.
    #expect(ContinuousClock.now - start < .seconds(4).scaled)
    #expect(found["/nowhere"] == .failure(.absent))
    #expect(stubs.allSatisfy { found[$0.directory] == .failure(.silent) })
  }
}
