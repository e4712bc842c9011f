import Foundation
import ProcessTreeScenarioRuns
import Testing

extension ProcessTrees {
  @Suite struct ReadmeTests {
    @Test(arguments: startMethods)
    func theProgramDoesWhatItsCommentsSay(method: String) async throws {
      let program = try Fixture.executable.deletingLastPathComponent()
        .appending(path: "readme-example")
      let outcome = try await Fixture.run("", method, executable: program)
      #expect(outcome.status == 0)
      #expect(outcome.output == "Process-1 144\n338350\n")
    }
  }
}
