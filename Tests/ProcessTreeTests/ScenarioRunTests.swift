import Foundation
import Glibc
import ProcessTreeScenarioRuns
import Testing

/// How tests run the programs of scenarios.
struct ScenarioRunTests {
  /// A program that another test starts meanwhile would inherit it, and count it in its audits.
  @Test func theFileOfARunIsInheritedByThatRunAlone() throws {
    let files = try TemporaryDirectory()
    let file = files.url.appending(path: "output")
    let handle = try FileHandle(creating: file)
    #expect(fcntl(handle.fileDescriptor, F_GETFD) & FD_CLOEXEC != 0)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/echo")
    process.arguments = ["heard"]
    process.standardOutput = handle
    try process.runInForeground()
    process.waitUntilExit()
    #expect(try String(contentsOf: file, encoding: .utf8) == "heard\n")
  }
}
