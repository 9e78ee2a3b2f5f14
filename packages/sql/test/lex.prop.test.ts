import fc from "fast-check";
import { expect, test } from "vitest";
import { createAnalyser, formatTemplate, lex } from "../src/index.ts";
import { makeCatalogueData } from "./catalogue-fixture.ts";

// Properties of the lexer and of analysis as a whole. SEED= repeats a run.

const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
console.info(`SEED=${seed}`);
const settings = { seed, numRuns: 2000 };

const analyser = createAnalyser();
analyser.setCatalogue(makeCatalogueData());
const context = { defaultSchema: "app", modes: "" };

const fragment = fc.constantFrom(
  ..."select from where t u app other . , ( ) ; ' \" ` \\ # -- --- /* */ /*! /*M! /*+ 1 1t 1e 1e5 .5 0x41 x'41' _utf8 'a' @x @@y := = <=> -> * / - + ? union all for update insert into values set names use call begin in null now() f_insert(1) explain with as delete join order by limit \n \0 é \uFFFD \ud800".split(
    " ",
  ),
);
const soup = fc
  .array(fc.tuple(fragment, fc.constantFrom("", " ", "\n")), { maxLength: 40 })
  .map((parts) => parts.map(([text, gap]) => text + gap).join(""));

test("any text gives tokens inside it, in order, and facts; nothing throws", () => {
  fc.assert(
    fc.property(fc.oneof(soup, fc.string({ unit: "binary", maxLength: 200 })), (sql) => {
      const { tokens } = lex(sql);
      let at = 0;
      for (const token of tokens) {
        expect(token.start).toBeGreaterThanOrEqual(at);
        expect(token.end).toBeGreaterThan(token.start);
        at = token.start;
      }
      expect(at).toBeLessThanOrEqual(sql.length);
      const facts = analyser.analyse(sql, context);
      // What is proven pure changes nothing, and only the pure is cached.
      if (facts.pure) expect(facts.effect).toMatchObject({ everything: false, schemas: [], tables: [] });
      if (facts.plan.cacheable) expect(facts.pure).toBe(true);
      if (facts.plan.cacheable) expect(facts.pin).toBe(null);
    }),
    settings,
  );
});

const STATEMENTS: readonly ((literal: string) => string)[] = [
  (literal) => `select * from t where x = ${literal} and y in (${literal}, 'b')`,
  (literal) => `select * from t where x like ${literal} order by field(x, ${literal}, ${literal})`,
  (literal) => `insert into t (x, y) values (${literal}, ${literal}), (${literal}, 'b')`,
  (literal) => `update t set x = ${literal} where y = ${literal}`,
  (literal) => `select concat(x, ${literal}), ${literal} as y from t join u on t.z = ${literal}`,
  (literal) => `call p_clean(${literal})`,
  (literal) => `explain select * from t where x = ${literal}`,
];

test("the contents of a string literal change neither the template nor the facts", () => {
  const content = fc.oneof(
    fc.constantFrom(
      "z '' -- /* ; from secret, union select",
      "*/ for update /*!",
      "@x := 1",
      "`",
      '"',
      "#",
      "f_insert(1)",
    ),
    fc.string({ unit: "grapheme", maxLength: 60 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...STATEMENTS), content, fc.boolean(), (statement, raw, double) => {
      const text = raw.replaceAll("\0", "").replaceAll("\\", "\\\\");
      const literal = double ? `"${text.replaceAll('"', '""')}"` : `'${text.replaceAll("'", "''")}'`;
      const plain = statement("'plain'");
      const other = statement(literal);
      expect(formatTemplate(lex(other))).toBe(formatTemplate(lex(plain)));
      expect(analyser.analyse(other, context)).toEqual(analyser.analyse(plain, context));
    }),
    settings,
  );
});

test("comments and blanks change nothing but where they decide what is called", () => {
  const gap = fc.constantFrom(" ", "\n\t", " /* x ' */ ", " # ' \n", " -- ' \n", "/**/ ");
  fc.assert(
    fc.property(fc.array(gap, { minLength: 9, maxLength: 9 }), (gaps) => {
      const words = ["select", "max(x)", "from", "t", "where", "y", "=", "'a'", "limit", "1"];
      const spaced = words.map((word, index) => word + (gaps[index] ?? "")).join("");
      expect(formatTemplate(lex(spaced))).toBe(formatTemplate(lex(words.join(" "))));
    }),
    settings,
  );
});

test("facts of one template are equal whether read first or from the kept plans", () => {
  fc.assert(
    fc.property(soup, (sql) => {
      const fresh = createAnalyser({ planMax: 1 });
      fresh.setCatalogue(makeCatalogueData());
      const first = fresh.analyse(sql, context);
      expect(fresh.analyse(sql, context)).toEqual(first);
      expect(analyser.analyse(sql, context)).toEqual(first);
    }),
    { ...settings, numRuns: 300 },
  );
});
