-- Derived from the statements of a recorded trace by tools/derive-trace.ts: do not edit. See NOTICE.md.

CREATE TABLE `users` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `username` VARCHAR(255) NOT NULL,
  `email` VARCHAR(255) NOT NULL,
  `password_digest` VARCHAR(255) NOT NULL,
  `created_at` DATETIME NOT NULL,
  `is_admin` TINYINT(1) NOT NULL DEFAULT FALSE,
  `password_reset_token` VARCHAR(255) NULL,
  `session_token` VARCHAR(255) NOT NULL,
  `about` VARCHAR(255) NULL,
  `invited_by_user_id` BIGINT NULL,
  `is_moderator` TINYINT(1) NOT NULL DEFAULT FALSE,
  `pushover_mentions` TINYINT(1) NOT NULL DEFAULT FALSE,
  `rss_token` VARCHAR(255) NOT NULL,
  `mailing_list_token` VARCHAR(255) NOT NULL,
  `mailing_list_mode` TINYINT(1) NOT NULL DEFAULT FALSE,
  `karma` INT NOT NULL DEFAULT 0,
  `banned_at` DATETIME NULL,
  `banned_by_user_id` BIGINT NULL,
  `banned_reason` VARCHAR(255) NULL,
  `deleted_at` DATETIME NULL,
  `disabled_invite_at` DATETIME NULL,
  `disabled_invite_by_user_id` BIGINT NULL,
  `disabled_invite_reason` VARCHAR(255) NULL,
  `settings` VARCHAR(255) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `by_username` (`username`),
  KEY `by_email` (`email`)
) ENGINE=InnoDB AUTO_INCREMENT=22 DEFAULT CHARSET=utf8mb4;

CREATE TABLE `categories` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `category` VARCHAR(255) NOT NULL,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME NOT NULL,
  PRIMARY KEY (`id`),
  KEY `by_category` (`category`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4;

CREATE TABLE `domains` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `domain` VARCHAR(255) NOT NULL,
  `is_tracker` TINYINT(1) NOT NULL DEFAULT FALSE,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME NOT NULL,
  `banned_at` DATETIME NULL,
  `banned_by_user_id` BIGINT NULL,
  `banned_reason` VARCHAR(255) NULL,
  PRIMARY KEY (`id`),
  KEY `by_domain` (`domain`)
) ENGINE=InnoDB AUTO_INCREMENT=101 DEFAULT CHARSET=utf8mb4;

CREATE TABLE `stories` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `created_at` DATETIME NOT NULL,
  `user_id` BIGINT NOT NULL,
  `url` VARCHAR(255) NULL,
  `title` VARCHAR(255) NOT NULL,
  `description` MEDIUMTEXT NULL,
  `short_id` VARCHAR(255) NOT NULL,
  `is_expired` TINYINT(1) NOT NULL DEFAULT FALSE,
  `score` INT NOT NULL DEFAULT 0,
  `flags` INT NOT NULL DEFAULT 0,
  `is_moderated` TINYINT(1) NOT NULL DEFAULT FALSE,
  `hotness` DECIMAL(16,7) NOT NULL,
  `markeddown_description` MEDIUMTEXT NULL,
  `comments_count` INT NOT NULL DEFAULT 0,
  `merged_story_id` BIGINT NULL,
  `unavailable_at` DATETIME NULL,
  `twitter_id` VARCHAR(64) NULL,
  `user_is_author` TINYINT(1) NOT NULL DEFAULT FALSE,
  `user_is_following` TINYINT(1) NOT NULL DEFAULT FALSE,
  `domain_id` BIGINT NULL,
  PRIMARY KEY (`id`),
  KEY `by_user_id` (`user_id`),
  KEY `by_url` (`url`),
  KEY `by_short_id` (`short_id`),
  KEY `by_merged_story_id` (`merged_story_id`)
) ENGINE=InnoDB AUTO_INCREMENT=221 DEFAULT CHARSET=utf8mb4;

CREATE TABLE `taggings` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `story_id` BIGINT NOT NULL,
  `tag_id` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `by_story_id` (`story_id`),
  KEY `by_tag_id` (`tag_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `keystores` (
  `key` VARCHAR(255) NOT NULL,
  `value` BIGINT NOT NULL,
  PRIMARY KEY (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `votes` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `user_id` BIGINT NOT NULL,
  `story_id` BIGINT NOT NULL,
  `vote` BIGINT NOT NULL,
  `updated_at` DATETIME NOT NULL,
  `comment_id` BIGINT NULL,
  PRIMARY KEY (`id`),
  KEY `by_user_id` (`user_id`),
  KEY `by_story_id` (`story_id`),
  KEY `by_comment_id` (`comment_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `tags` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `tag` VARCHAR(255) NOT NULL,
  `description` VARCHAR(255) NULL,
  `privileged` TINYINT(1) NOT NULL DEFAULT FALSE,
  `is_media` TINYINT(1) NOT NULL DEFAULT FALSE,
  `active` TINYINT(1) NOT NULL DEFAULT TRUE,
  `hotness_mod` DOUBLE NOT NULL DEFAULT 0,
  `permit_by_new_users` TINYINT(1) NOT NULL DEFAULT TRUE,
  `category_id` BIGINT NOT NULL,
  PRIMARY KEY (`id`),
  KEY `by_tag` (`tag`),
  KEY `by_category_id` (`category_id`)
) ENGINE=InnoDB AUTO_INCREMENT=115 DEFAULT CHARSET=utf8mb4;

CREATE TABLE `moderations` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME NOT NULL,
  `moderator_user_id` BIGINT NULL,
  `story_id` BIGINT NULL,
  `comment_id` BIGINT NULL,
  `user_id` BIGINT NULL,
  `action` VARCHAR(255) NOT NULL,
  `reason` VARCHAR(255) NULL,
  `is_from_suggestions` TINYINT(1) NOT NULL DEFAULT FALSE,
  `tag_id` BIGINT NULL,
  `domain_id` BIGINT NULL,
  PRIMARY KEY (`id`),
  KEY `by_moderator_user_id` (`moderator_user_id`),
  KEY `by_story_id` (`story_id`),
  KEY `by_comment_id` (`comment_id`),
  KEY `by_user_id` (`user_id`),
  KEY `by_tag_id` (`tag_id`),
  KEY `by_domain_id` (`domain_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `comments` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME NOT NULL,
  `short_id` VARCHAR(255) NOT NULL,
  `story_id` BIGINT NOT NULL,
  `user_id` BIGINT NOT NULL,
  `parent_comment_id` BIGINT NULL,
  `thread_id` BIGINT NOT NULL,
  `comment` MEDIUMTEXT NOT NULL,
  `score` INT NOT NULL DEFAULT 0,
  `flags` INT NOT NULL DEFAULT 0,
  `confidence` DECIMAL(21,16) NOT NULL,
  `markeddown_comment` MEDIUMTEXT NOT NULL,
  `is_deleted` TINYINT(1) NOT NULL DEFAULT FALSE,
  `is_moderated` TINYINT(1) NOT NULL DEFAULT FALSE,
  `is_from_email` TINYINT(1) NOT NULL DEFAULT FALSE,
  `hat_id` BIGINT NULL,
  PRIMARY KEY (`id`),
  KEY `by_short_id` (`short_id`),
  KEY `by_story_id` (`story_id`),
  KEY `by_user_id` (`user_id`)
) ENGINE=InnoDB AUTO_INCREMENT=634 DEFAULT CHARSET=utf8mb4;

CREATE TABLE `hats` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `created_at` DATETIME NOT NULL,
  `updated_at` DATETIME NOT NULL,
  `user_id` BIGINT NOT NULL,
  `granted_by_user_id` BIGINT NOT NULL,
  `hat` VARCHAR(255) NOT NULL,
  `link` VARCHAR(255) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `messages` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `created_at` DATETIME NOT NULL,
  `author_user_id` BIGINT NOT NULL,
  `recipient_user_id` BIGINT NOT NULL,
  `subject` VARCHAR(255) NOT NULL,
  `body` MEDIUMTEXT NOT NULL,
  `short_id` VARCHAR(255) NOT NULL,
  `deleted_by_author` TINYINT(1) NOT NULL DEFAULT FALSE,
  `has_been_read` TINYINT(1) NOT NULL DEFAULT FALSE,
  `deleted_by_recipient` TINYINT(1) NOT NULL DEFAULT FALSE,
  PRIMARY KEY (`id`),
  KEY `by_recipient_user_id` (`recipient_user_id`),
  KEY `by_short_id` (`short_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
