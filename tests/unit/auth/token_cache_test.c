#include "test.h"

#include "auth/token_cache.h"

static void make_digest(uint8_t digest[TOKEN_DIGEST_BYTES], uint32_t set, uint8_t rest)
{
    memset(digest, rest, TOKEN_DIGEST_BYTES);
    digest[0] = (uint8_t)set;
    digest[1] = (uint8_t)(set >> 8);
}

static void a_token_is_known_under_its_keys(void **unused)
{
    struct token_cache *cache = token_cache_new();
    struct claims claims = {.caller = {.id = "u", .id_size = 1}, .not_before_ms = 7}, got;
    uint8_t digest[TOKEN_DIGEST_BYTES], other[TOKEN_DIGEST_BYTES];

    (void)unused;
    make_digest(digest, 1, 5);
    make_digest(other, 1, 6); /* the same set */
    assert_false(token_cache_get(cache, digest, 1, &got));
    token_cache_put(cache, digest, 1, &claims);
    assert_true(token_cache_get(cache, digest, 1, &got));
    assert_string_equal(got.caller.id, "u");
    assert_int_equal(got.not_before_ms, 7);
    assert_false(token_cache_get(cache, other, 1, &got));
    assert_false(token_cache_get(cache, digest, 2, &got)); /* a key went or came */
    token_cache_free(cache);
    token_cache_free(NULL);
}

/* A set holds four; one more takes the place of one of them, and of an outdated one first. */
static void a_set_is_bounded(void **unused)
{
    struct token_cache *cache = token_cache_new();
    struct claims claims = {.not_before_ms = 0}, got;
    uint8_t digest[TOKEN_DIGEST_BYTES];
    int known = 0;

    (void)unused;
    for (uint8_t i = 0; i < 100; i++) {
        make_digest(digest, 9, i);
        claims.not_before_ms = i;
        token_cache_put(cache, digest, 1, &claims);
        assert_true(token_cache_get(cache, digest, 1, &got));
        assert_int_equal(got.not_before_ms, i);
    }
    for (uint8_t i = 0; i < 100; i++) {
        make_digest(digest, 9, i);
        known += token_cache_get(cache, digest, 1, &got);
    }
    assert_int_equal(known, 4);
    for (uint8_t i = 0; i < 4; i++) { /* of new keys: all four outdated ones go, none of these */
        make_digest(digest, 9, (uint8_t)(200 + i));
        token_cache_put(cache, digest, 2, &claims);
    }
    for (uint8_t i = 0; i < 4; i++) {
        make_digest(digest, 9, (uint8_t)(200 + i));
        assert_true(token_cache_get(cache, digest, 2, &got));
    }
    token_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_known_under_its_keys),
        cmocka_unit_test(a_set_is_bounded),
    };
    return cmocka_run_group_tests_name("token_cache", tests, NULL, NULL);
}
