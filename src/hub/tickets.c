#include "hub/tickets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <xxhash.h>

#include "hub/seats.h"

enum { BUCKETS = 4096, TICKETS_MAX = 16384, TICKETS_PER_USER = 64, RANDOM_BYTES = 32 };

struct ticket {
    struct ticket *next_of_bucket, *younger, *older;
    int64_t until_ms; /* monotonic */
    struct ticket_holder holder;
    char text[TICKET_BYTES];
};

struct tickets {
    pthread_mutex_t lock; /* guards what follows */
    struct ticket *buckets[BUCKETS];
    struct ticket *oldest, *youngest;
    struct seats *seats;
    uint64_t seed;
};

enum rc tickets_new(uint64_t seed, struct tickets **out_tickets)
{
    struct tickets *tickets = calloc(1, sizeof *tickets);

    if (!tickets || seats_new(TICKETS_PER_USER, TICKETS_MAX, seed, &tickets->seats) != RC_OK) {
        free(tickets);
        return RC_BUSY;
    }
    (void)pthread_mutex_init(&tickets->lock, NULL); /* default attributes cannot fail */
    tickets->seed = seed;
    *out_tickets = tickets;
    return RC_OK;
}

static struct ticket **place(struct tickets *tickets, const char *text, size_t size)
{
    struct ticket **at = &tickets->buckets[XXH3_64bits_withSeed(text, size, tickets->seed) % BUCKETS];

    while (*at && !(strlen((*at)->text) == size && memcmp((*at)->text, text, size) == 0))
        at = &(*at)->next_of_bucket;
    return at;
}

static void free_ticket(struct ticket *ticket)
{
    free(ticket->holder.token);
    free(ticket);
}

/* Lock held. */
static void take_out(struct tickets *tickets, struct ticket *ticket)
{
    *place(tickets, ticket->text, strlen(ticket->text)) = ticket->next_of_bucket;
    *(ticket->older ? &ticket->older->younger : &tickets->oldest) = ticket->younger;
    *(ticket->younger ? &ticket->younger->older : &tickets->youngest) = ticket->older;
    seats_give(tickets->seats, ticket->holder.caller.id, ticket->holder.caller.id_size);
}

/* Lock held. */
static void put_in(struct tickets *tickets, struct ticket *ticket)
{
    *place(tickets, ticket->text, strlen(ticket->text)) = ticket;
    ticket->older = tickets->youngest;
    *(ticket->older ? &ticket->older->younger : &tickets->oldest) = ticket;
    tickets->youngest = ticket;
}

/* Constant on average for each that was given. Lock held. */
static void free_old(struct tickets *tickets, int64_t now_ms)
{
    struct ticket *younger;

    for (struct ticket *ticket = tickets->oldest; ticket && now_ms >= ticket->until_ms; ticket = younger) {
        younger = ticket->younger;
        take_out(tickets, ticket);
        free_ticket(ticket);
    }
}

void tickets_free(struct tickets *tickets)
{
    if (!tickets)
        return;
    free_old(tickets, INT64_MAX);
    seats_free(tickets->seats);
    (void)pthread_mutex_destroy(&tickets->lock); /* nobody holds it */
    free(tickets);
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool tickets_is_one(const char *text)
{
    return strspn(text, digits) == TICKET_BYTES - 1 && !text[TICKET_BYTES - 1];
}

/* base64url without padding. */
static bool write_random(char out[TICKET_BYTES])
{
    uint8_t bytes[RANDOM_BYTES + 1] = {0};
    size_t bits = 0;

    if (getrandom(bytes, RANDOM_BYTES, 0) != RANDOM_BYTES)
        return false;
    for (int i = 0; i < TICKET_BYTES - 1; i++, bits += 6) {
        unsigned pair = (unsigned)bytes[bits / 8] << 8 | bytes[bits / 8 + 1];
        out[i] = digits[pair >> (10 - bits % 8) & 63];
    }
    out[TICKET_BYTES - 1] = '\0';
    return true;
}

static struct ticket *make(const struct ticket_holder *holder, int64_t now_ms)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);

    if (!ticket)
        return NULL;
    ticket->holder = *holder;
    ticket->holder.token = holder->token ? strdup(holder->token) : NULL;
    ticket->until_ms = now_ms + TICKET_S * 1000;
    if ((holder->token && !ticket->holder.token) || !write_random(ticket->text)) {
        free_ticket(ticket);
        return NULL;
    }
    return ticket;
}

enum rc tickets_give(struct tickets *tickets, const struct ticket_holder *holder, int64_t now_ms,
                     char out_ticket[TICKET_BYTES])
{
    struct ticket *ticket = make(holder, now_ms);

    if (!ticket)
        return RC_BUSY;
    (void)pthread_mutex_lock(&tickets->lock);
    free_old(tickets, now_ms);
    enum rc rc = seats_take(tickets->seats, holder->caller.id, holder->caller.id_size);
    if (rc == RC_OK) {
        memcpy(out_ticket, ticket->text, TICKET_BYTES);
        put_in(tickets, ticket);
    }
    (void)pthread_mutex_unlock(&tickets->lock);
    if (rc != RC_OK)
        free_ticket(ticket);
    return rc;
}

bool tickets_spend(struct tickets *tickets, const char *text, int64_t now_ms,
                   struct ticket_holder *out_holder)
{
    (void)pthread_mutex_lock(&tickets->lock);
    free_old(tickets, now_ms);
    struct ticket *ticket = *place(tickets, text, strlen(text));
    if (ticket)
        take_out(tickets, ticket);
    (void)pthread_mutex_unlock(&tickets->lock);
    if (!ticket)
        return false;
    *out_holder = ticket->holder; /* its token with it */
    free(ticket);
    return true;
}
