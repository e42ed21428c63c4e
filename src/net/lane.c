/* A lane: one of the server's threads with a libmicrohttpd daemon of its own, and the way back of
 * answered requests to it. An answer held for an instant (a look on its way to the disk) leaves its
 * connection where it is: libmicrohttpd asks again each round, and is told "not yet", which costs
 * far less than to suspend and resume it. Only a request on a worker is suspended. Pushing wakes a
 * sleeping lane once, and it takes all that are ready.
 * Invariants: after a round in which something moved another follows without sleep; a lane with a
 * request in `ready` is awake or being woken; a held request whose peer went away is ended when it
 * is released, and never touches its connection again. */
#include "net/net_int.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void wake(struct lane *l)
{
    if (atomic_exchange(&l->asleep, false))
        (void)eventfd_write(l->bell, 1);
}

void lane_push(struct request *r)
{
    struct lane *l = r->lane;
    struct request *head = atomic_load(&l->ready);
    do
        r->next_ready = head;
    while (!atomic_compare_exchange_weak(&l->ready, &head, r));
    wake(l);
}

static void come_back(struct request *r)
{
    struct net_http *s = r->server;
    bool held = r->phase == PHASE_HELD;
    r->lane->held -= held;
    if (held && !r->conn) {
        request_end(r, false);
    } else {
        if (r->result != OK)
            request_refuse(r, r->result,
                           "The audit trail cannot be written, so nothing may be shown.");
        r->phase = PHASE_READY;
        if (!held)
            MHD_resume_connection(r->conn);
    }
    atomic_fetch_sub(&s->suspended, 1);
}

static void take_ready(struct lane *l)
{
    struct request *r = atomic_exchange(&l->ready, NULL);
    l->moved |= r != NULL;
    for (struct request *next; r; r = next) {
        next = r->next_ready;
        come_back(r);
    }
}

/* -1: until something happens. While a connection is held libmicrohttpd always wants to go on; but
 * what it could do without an event has been done when nothing moved. */
static int patience(struct lane *l)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (l->moved)
        return 0;
    return !l->held && MHD_get_timeout(l->daemon, &ms) == MHD_YES ? (int)(ms < 1000 ? ms : 1000)
                                                                  : -1;
}

static void sleep_in(struct lane *l)
{
    struct epoll_event happened[2];
    int ms = patience(l);
    if (ms == 0)
        return;
    atomic_store(&l->asleep, true);
    if (!atomic_load(&l->ready) && !atomic_load(&l->stirred))
        (void)epoll_wait(l->epoll, happened, 2, ms);
    atomic_store(&l->asleep, false);
}

static void listen_no_more(struct lane *l)
{
    int fd = MHD_quiesce_daemon(l->daemon);
    if (fd >= 0)
        close(fd);
    l->listens = false;
    atomic_fetch_sub(&l->server->listening, 1);
}

static void *run(void *arg)
{
    struct lane *l = arg;
    while (!atomic_load(&l->over)) {
        sleep_in(l);
        l->moved = atomic_exchange(&l->stirred, false);
        if (l->listens && atomic_load(&l->server->stopping))
            listen_no_more(l);
        take_ready(l);
        (void)MHD_run(l->daemon);
        if (l->handled)
            l->server->h.round(l->server->h.ctx);
        l->handled = false;
    }
    return NULL;
}

/* What wakes it: its daemon's sockets, and the bell. */
static bool watch_both(struct lane *l)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct epoll_event sockets = {.events = EPOLLIN}, bell = {.events = EPOLLIN | EPOLLET};
    l->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    return info && l->bell >= 0 && l->epoll >= 0 &&
           epoll_ctl(l->epoll, EPOLL_CTL_ADD, info->epoll_fd, &sockets) == 0 &&
           epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->bell, &bell) == 0;
}

bool lane_start(struct net_http *s, struct lane *l, struct MHD_Daemon *daemon)
{
    l->server = s;
    l->daemon = daemon;
    l->listens = true;
    l->bell = l->epoll = -1;
    atomic_fetch_add(&s->listening, 1);
    l->runs = watch_both(l) && pthread_create(&l->thread, NULL, run, l) == 0;
    return l->runs;
}

void lane_stir(struct lane *l)
{
    atomic_store(&l->stirred, true);
    wake(l);
}

void lane_stop(struct lane *l)
{
    atomic_store(&l->over, true);
    lane_stir(l);
    if (l->runs)
        pthread_join(l->thread, NULL);
    MHD_stop_daemon(l->daemon); /* closes its listening socket unless it was quiesced */
    request_free_spare(l);
    if (l->bell >= 0)
        close(l->bell);
    if (l->epoll >= 0)
        close(l->epoll);
}
