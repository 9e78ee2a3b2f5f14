/** One statement, then 300 at once, by the unmodified driver with nothing but a URL. */
import assert from "node:assert/strict";
import { connect } from "@planetscale/database";
import { runClient } from "./client-program.ts";

const PARALLEL = 300;

await runClient("warm", async (program) => {
  await program.make("CREATE TABLE numbers (id INT PRIMARY KEY, square INT NOT NULL)");
  const values = Array.from({ length: PARALLEL }, (_, id) => `(${id}, ${id * id})`);
  await program.make(`INSERT INTO numbers VALUES ${values.join(", ")}`);
  await program.check("301 answers, each its own", async () => {
    const connection = connect({ url: program.urlWithLogin });
    const read = async (id: number): Promise<unknown> =>
      (await connection.execute("SELECT square FROM numbers WHERE id = ?", [id])).rows;
    assert.deepStrictEqual(await read(7), [{ square: 49 }]);
    const ids = Array.from({ length: PARALLEL }, (_, id) => id);
    assert.deepStrictEqual(
      await Promise.all(ids.map(read)),
      ids.map((id) => [{ square: id * id }]),
    );
  });
});
