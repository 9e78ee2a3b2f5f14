import type { Trace } from "./trace.ts";

/** A value to draw for a `{name}` in a write's text. */
export type SlotRange =
  | { readonly kind: "number"; readonly min: number; readonly max: number; readonly decimals: number }
  | { readonly kind: "letters"; readonly length: number };

/** The demo's own writes, as they stand in `own-writes.json`. */
export interface OwnWrites {
  readonly slots: Readonly<Record<string, SlotRange>>;
  readonly templates: readonly {
    readonly id: string;
    readonly recordedCount: number;
    readonly sql: string;
  }[];
}

/** The trace's kinds of write, each a statement that commits by itself, with what varies as a `{slot}`. */
const WRITES: readonly { id: string; recorded: RegExp; sql: string }[] = [
  {
    id: "count-comment",
    recorded: /^INSERT INTO keystores .*:comments_posted', .*`value` = `value` \+ 1$/,
    sql: "INSERT INTO keystores (`key`, `value`) VALUES ('user:{user}:comments_posted', 1) ON DUPLICATE KEY UPDATE `value` = `value` + 1",
  },
  {
    id: "count-story",
    recorded: /^INSERT INTO keystores .*:stories_submitted', .*`value` = `value` \+ 1$/,
    sql: "INSERT INTO keystores (`key`, `value`) VALUES ('user:{user}:stories_submitted', 1) ON DUPLICATE KEY UPDATE `value` = `value` + 1",
  },
  {
    id: "set-counter",
    recorded: /^INSERT INTO keystores .* ON DUPLICATE KEY UPDATE `value` = \d+$/,
    sql: "INSERT INTO keystores (`key`, `value`) VALUES ('user:{user}:unread_messages', {count}) ON DUPLICATE KEY UPDATE `value` = {count}",
  },
  {
    id: "set-hotness",
    recorded: /^UPDATE `stories` SET `stories`\.`hotness`/,
    sql: "UPDATE `stories` SET `stories`.`hotness` = {hotness} WHERE `stories`.`id` = {story}",
  },
  {
    id: "set-comments-count",
    recorded: /^UPDATE `stories` SET `stories`\.`comments_count`/,
    sql: "UPDATE `stories` SET `stories`.`comments_count` = {count} WHERE `stories`.`id` = {story}",
  },
  {
    id: "vote-comment",
    recorded: /^INSERT INTO `votes` .*`comment_id`/,
    sql: "INSERT INTO `votes` (`user_id`, `story_id`, `comment_id`, `vote`, `updated_at`) VALUES ({user}, {story}, {comment}, 1, '2021-03-05 11:30:00')",
  },
  {
    id: "vote-story",
    recorded: /^INSERT INTO `votes` \(`user_id`, `story_id`, `vote`/,
    sql: "INSERT INTO `votes` (`user_id`, `story_id`, `vote`, `updated_at`) VALUES ({user}, {story}, 1, '2021-03-05 11:30:00')",
  },
  {
    id: "add-comment",
    recorded: /^INSERT INTO `comments`/,
    sql: "INSERT INTO `comments` (`created_at`, `updated_at`, `short_id`, `story_id`, `user_id`, `thread_id`, `comment`, `confidence`, `markeddown_comment`) VALUES ('2021-03-05 11:30:00', '2021-03-05 11:30:00', '{short}', {story}, {user}, {count}, 'Quia {short} autem', 0.1828847834138887, '<p>Quia {short} autem</p>\\n')",
  },
  {
    id: "lower-karma",
    recorded: /^UPDATE `users` SET `users`\.`karma`/,
    sql: "UPDATE `users` SET `users`.`karma` = COALESCE(`users`.`karma`, 0) - 2 WHERE `users`.`id` = {user}",
  },
  {
    id: "delete-comment",
    recorded: /^UPDATE `comments` SET .*`is_deleted` = TRUE/,
    sql: "UPDATE `comments` SET `comments`.`is_deleted` = TRUE, `comments`.`is_moderated` = TRUE WHERE `comments`.`id` = {comment}",
  },
  {
    id: "undelete-comment",
    recorded: /^UPDATE `comments` SET .*`is_deleted` = FALSE/,
    sql: "UPDATE `comments` SET `comments`.`is_deleted` = FALSE, `comments`.`is_moderated` = FALSE WHERE `comments`.`id` = {comment}",
  },
  {
    id: "send-message",
    recorded: /^INSERT INTO `messages`/,
    sql: "INSERT INTO `messages` (`created_at`, `author_user_id`, `recipient_user_id`, `subject`, `body`, `short_id`, `deleted_by_author`) VALUES ('2021-03-05 11:30:00', {user}, {user}, 'Your comment has been moderated', 'Because of {short}', '{short}', TRUE)",
  },
  {
    id: "log-moderation",
    recorded: /^INSERT INTO `moderations` .*`comment_id`/,
    sql: "INSERT INTO `moderations` (`created_at`, `updated_at`, `moderator_user_id`, `comment_id`, `action`) VALUES ('2021-03-05 11:30:00', '2021-03-05 11:30:00', {user}, {comment}, 'undeleted comment')",
  },
  {
    id: "grant-hat",
    recorded: /^INSERT INTO `hats`/,
    sql: "INSERT INTO `hats` (`created_at`, `updated_at`, `user_id`, `granted_by_user_id`, `hat`, `link`) VALUES ('2021-03-05 11:30:00', '2021-03-05 11:30:00', {user}, {user}, '{short}', 'http://example.com/{short}')",
  },
];

/**
 * The write templates with their recorded frequency, and the ranges to draw from: ids that exist once the trace is
 * loaded. Throws when the trace has no write of a kind, which means that the patterns here are wrong.
 */
export function deriveOwnWrites(trace: Trace, rowCounts: ReadonlyMap<string, number>): OwnWrites {
  const idRange = (table: string): SlotRange => {
    const max = rowCounts.get(table);
    if (max === undefined) throw new Error(`no rows of ${table}`);
    return { kind: "number", min: 1, max, decimals: 0 };
  };
  const templates = WRITES.map(({ id, recorded, sql }) => {
    const recordedCount = trace.writes.filter((write) => recorded.test(write)).length;
    if (recordedCount === 0) throw new Error(`the trace has no write like ${id}`);
    return { id, recordedCount, sql };
  });
  return {
    slots: {
      user: idRange("users"),
      story: idRange("stories"),
      comment: idRange("comments"),
      count: { kind: "number", min: 0, max: 999, decimals: 0 },
      hotness: { kind: "number", min: -20_400, max: -20_380, decimals: 7 },
      short: { kind: "letters", length: 6 },
    },
    templates,
  };
}
